package ledger

import "regexp"

// Rules returns a description of each rule that an error can name, in groups.
func Rules() []RuleGroup { return append([]RuleGroup(nil), ruleGroups...) }

// RuleGroup is a group of related rules.
type RuleGroup struct {
	Words
	Rules []RuleWords
}

// RuleWords describe what a rule requires. A family of rules has a form, the
// regular expression of their names.
type RuleWords struct {
	Rule string // "at_least_N" if there is a form
	Words
	form *regexp.Regexp
}

// RuleOf returns the description of a rule, and whether there is one.
func RuleOf(rule string) (RuleWords, bool) {
	for _, g := range ruleGroups {
		for _, r := range g.Rules {
			if r.Rule == rule || r.form != nil && r.form.MatchString(rule) {
				return r, true
			}
		}
	}
	return RuleWords{}, false
}

func rule(name, zh, en string) RuleWords { return RuleWords{Rule: name, Words: Words{zh, en}} }

func rulesLike(form, name, zh, en string) RuleWords {
	return RuleWords{name, Words{zh, en}, regexp.MustCompile("^(" + form + ")$")}
}

var ruleGroups = []RuleGroup{
	{Words{"有无、长短与数目", "Presence, length and number"}, []RuleWords{
		rule("required", "必须填写", "It is required."),
		rule("not_null", "不得为 null；不填则省略该成员", "It must not be null: leave the member out."),
		rule("known_member", "没有这个成员或参数；名称须完全一致", "There is no such member or parameter; names must match exactly."),
		rule("not_twice", "不得重复", "It must not be repeated."),
		rule("min_length", "过短：不少于 limit", "It is too short: at least limit."),
		rule("max_length", "过长：不多于 limit 字节或字符", "It is too long: at most limit bytes or characters."),
		rule("min_runes", "过短：字符数不少于 limit", "It has too few characters: at least limit."),
		rule("max_runes", "过长：字符数不多于 limit", "It has too many characters: at most limit."),
		rule("max_members", "项数过多：不多于 limit", "It has too many members: at most limit."),
		rule("max_bytes", "整体过大：不多于 limit 字节", "As a whole it is too large: at most limit bytes."),
		rule("max_keys", "密钥过多：不多于 limit 个", "There are too many keys: at most limit."),
		rule("body_whole", "请求正文须完整，分块须合于 HTTP", "The body must be whole, and its chunks must follow HTTP."),
		rule("body_in_time", "请求正文须在时限之内到达", "The body must arrive in time."),
		rule("upload_bytes", "文件超过节点的上传上限", "The file is larger than the node accepts."),
		rule("max_bundle", "证据包的请求数或字节数超过上限：请以较小的事项（如订单）索取", "The bundle has more calls or bytes than it may: ask about something smaller, such as an order."),
		rule("body_bytes", "请求内容超过节点的上限", "The body is larger than the node accepts."),
		rule("range", "数值超出允许的范围", "The number is out of its allowed range."),
		rule("not_negative", "不得为负数", "It must not be negative."),
		rulesLike("at_least_[0-9]+", "at_least_N", "不小于 N", "It must be at least N."),
		rulesLike("at_most_200", "at_most_N", "不多于 N 项", "There are at most N."),
		rulesLike("[0-9]+_to_[0-9e]+(_bytes)?", "N_to_M", "在 N 与 M 之间", "It must be between N and M, both included."),
		rule("type_text", "须为文本", "It must be a text."),
		rule("type_integer", "须为整数", "It must be a whole number."),
		rule("type_number", "须为数", "It must be a number."),
		rule("type_boolean", "须为 true 或 false", "It must be true or false."),
		rule("type_list", "须为列表", "It must be a list."),
		rule("type_object", "须为对象", "It must be an object."),
		rule("overflow", "金额超出可表示的范围", "The amount is too large to compute."),
		rule("must_be_true", "必须为 true", "It must be true."),
	}},
	{Words{"文本", "Texts"}, []RuleWords{
		rule("utf8", "须为有效的 UTF-8", "It must be valid UTF-8."),
		rule("nfc", "须为 Unicode NFC 形式", "It must be in Unicode form NFC."),
		rule("surrogate", "JSON 转义中不得有单独的代理项", "No JSON escape is a lone surrogate."),
		rule("control_character", "不得含控制字符", "It must have no control characters."),
		rule("replacement_character", "不得含替换字符 U+FFFD", "It must have no replacement character U+FFFD."),
		rule("text_character", "不得含控制、换向、不可见或未分配的字符", "It must have no control, direction-changing, invisible or unassigned characters."),
		rule("mixed_script", "同一词中不得混用拉丁与西里尔等字母", "No word mixes letters of Latin with Cyrillic or several of Greek."),
		rule("blank_edge", "首尾不得有空白", "It does not begin or end with a space."),
		rule("letters_or_digits", "至少有一个字母、汉字或数字", "It must have at least one letter or digit."),
		rule("file_name", "须为普通文件名：不含路径与通配字符，首字符不是 . 或 -，末字符不是 .", "It must be a plain file name: no path characters, no . or - at the beginning, no . at the end, no device name."),
		rule("no_path", "不得以 / 开头，不得含 ..", "It does not begin with / and does not contain two dots in a row."),
		rule("token_characters", "只能用 A–Z a–z 0–9 . _ : / -；用途代码只能用 a–z 0–9 _", "It must consist of A–Z a–z 0–9 . _ : / -, the code of a purpose of a–z 0–9 _."),
		rule("defect_characters", "成员名或规则名，1 至 64 个字符，不是自由文本", "It names a member or a rule in 1 to 64 characters; it is not free text."),
	}},
	{Words{"格式与编码", "Formats and codes"}, []RuleWords{
		rule("enum", "不是允许的取值", "It is not one of the allowed values."),
		rule("pattern", "形式不符", "It does not have the allowed form."),
		rule("uuid", "须为小写 UUID", "It must be a UUID in lower case."),
		rule("uuid_version", "须为第 7 或第 8 版 UUID", "The UUID is of version 7 or 8."),
		rule("sha256", "SHA-256，64 位小写十六进制数字", "It must be a SHA-256 as 64 digits of 0–9 a–f."),
		rule("hex32", "16 字节，32 位小写十六进制数字", "It must be 16 bytes as 32 digits of 0–9 a–f."),
		rule("thumbprint", "公钥的 RFC 7638 指纹，base64url 43 位", "It must be the RFC 7638 thumbprint of a key, 43 characters of base64url."),
		rule("p256", "须为 P-256 曲线的公钥（kty EC，crv P-256）", "It must be a public key of P-256 (kty EC, crv P-256)."),
		rule("p256_point", "坐标须是 P-256 曲线上的点", "Its coordinates are a point of P-256."),
		rule("date", "须为存在的日期 YYYY-MM-DD，不早于 1900 年", "It must be a day that exists, YYYY-MM-DD, from 1900 on."),
		rule("unix_ms", "Unix 毫秒，正数", "It must be Unix time in milliseconds, above 0."),
		rule("gbt2260", "GB/T 2260 区划代码，六位数字，不以 00 开头", "It must be a code of GB/T 2260, six digits, not beginning with 00."),
		rule("gbt4754", "GB/T 4754 行业代码：A–T，其后 0 位或 2 至 4 位数字", "It must be a code of GB/T 4754: A–T, then 0 or 2 to 4 digits."),
		rule("uscc", "统一社会信用代码，18 位", "It must be a unified social credit code of 18 characters."),
		rule("uscc_check", "统一社会信用代码的字符或校验位有误（GB 32100）", "A character or the check character of the unified social credit code is wrong (GB 32100)."),
		rule("catalogue_code", "目录代码：至少 6 位数字、/、数字，共不超过 64 位", "It must be a catalog code: at least 6 digits, /, digits, at most 64 characters in all."),
		rule("registry_code", "登记结果查询码，8 至 64 位 0–9 A–Z a–z . -", "It must be an official code: 8 to 64 of 0–9 A–Z a–z . -"),
		rule("not_a_cad_code", "官方编码不得具有本平台编号的形式", "An official code does not have the form of Cadastre's numbers."),
		rule("notice_serial", "公示编号：GS-区划-日期-序号", "It must be the number of a notice: GS-REGION-DATE-SERIAL."),
		rule("cad_code", "平台编号：区划-类型-日期-序号-校验", "It must be a number of Cadastre: REGION-TYPE-DATE-SERIAL-CHECK."),
		rule("cad_code_check", "平台编号的校验位有误", "The check character of Cadastre's number is wrong."),
		rule("http_url", "以 http:// 或 https:// 开头的网页地址", "It must be the address of a page: http:// or https:// and a host."),
		rule("http_address", "节点地址：http:// 或 https:// 加主机，末尾无 /", "It must be the address of a node: http:// or https:// and a host, no slash at the end."),
		rule("host:port", "主机:端口", "It must be host:port."),
		rule("object_id", "内容的 object 不超过 64 个字符", "The object of content has at most 64 characters."),
	}},
	{Words{"JSON、签名与令牌", "JSON, signatures and tokens"}, []RuleWords{
		rule("syntax", "不是合法的 JSON，或查询串无法解码", "It is not JSON, or the query can't be decoded."),
		rule("depth", "嵌套过深", "It is nested too deeply."),
		rule("one_value", "只能有一个 JSON 值", "There is exactly one JSON value, and nothing after it."),
		rule("one_form", "须为唯一的规范写法", "It must have its only valid encoding, byte for byte."),
		rule("not_nested", "错误之内不得再有错误", "A fault must not contain other faults."),
		rule("object", "须为 JSON 对象", "It must be a JSON object."),
		rule("compact", "须为由两个点分成三段的 compact JWS", "It must be a compact JWS: three parts with two dots."),
		rule("base64url", "须为无填充的 base64url", "It must be base64url without padding."),
		rule("typ", "header 的 typ 不是所需的类型", "The typ in the header is not the required one."),
		rule("jws", "须为 compact JWS", "It must be a compact JWS."),
		rule("strict", "令牌有未知或重复的成员", "The token has an unknown or repeated member."),
		rule("expired", "令牌已过期或尚未生效", "The token has expired or is not valid yet."),
		rule("audience", "令牌不是给本节点的：aud 须为节点的 origin", "The token is for another node: aud must be the node's origin."),
		rule("signature", "令牌的签名验证不通过", "The token's signature does not verify."),
		rule("key", "令牌的密钥未登记或已停用", "The token's key is not registered, or is no longer valid."),
		rule("form", "令牌的形式不符", "The token has the wrong form."),
		rule("jti", "令牌的 jti 须为 UUID", "The token's jti is a UUID."),
		rule("issuer", "令牌的 iss 须为密钥所属单位", "The token's iss is the party of the key."),
		rule("at_most_10m", "令牌的有效时间不超过 10 分钟", "A token is valid for at most 10 minutes."),
		rule("at_most_24h_after_time", "expires 不晚于 time 之后 24 小时", "expires is at most 24 hours after time."),
		rule("media_type", "不支持的内容类型", "The type of the content is not supported."),
		rule("known_version", "不认识的格式版本", "The version of the format is unknown."),
		rule("cosigner_key", "联署公钥：C2SP signed note 形式，类型 4（keygen --use cosign）", "It must be a verifier key of a cosigner: C2SP signed note of type 4 (keygen --use cosign)."),
		rule("cosigned", "须为本账本日志的检查点，含日志签名，并由所给公钥联署", "It must be a checkpoint of this ledger's log, signed by the log and cosigned by the key that is given."),
		rule("known_function", "没有这个功能", "There is no such function."),
		rule("known_rules", "不认识的规则版本", "The version of the rules is unknown."),
		rule("one_question", "只能指明一项", "Exactly one thing must be named."),
		rule("one_range", "一次请求只能有一段", "A request can only ask for one range."),
		rule("as_given", "须为上一页给出的 next，原样", "It must be the next value of the previous page, unchanged."),
		rule("within_content", "须在内容之内", "It lies within the content."),
	}},
	{Words{"单位与密钥", "Parties and keys"}, []RuleWords{
		rule("names_another", "占有证明指的是另一单位、账本或密钥", "The proof of possession names another party, ledger or key."),
		rule("data_authority", "创世单位须有数据管理部门角色", "The party of the genesis has the role data_authority."),
		rule("not_platform", "创世单位不得兼任平台", "The party of the genesis is not a platform."),
		rule("another_party", "平台须为另一单位", "The platform is another party."),
		rule("keys_of_its_own", "平台须有自己的密钥", "The platform has its own keys."),
		rule("key_of_its_own", "恢复密钥须另生成", "The recovery key is a separate key."),
		rule("platform_with_log_key", "须有平台角色与日志公钥", "It must have the role platform and a log key."),
		rule("log_key", "须为所述名称之日志的公钥", "It must be the public key of a log with the name."),
		rule("next_log", "新日志须按旧日志的名称命名", "The new log must have the name that follows the old log's."),
		rule("checkpoint_of_log", "须为旧日志以其密钥签署的检查点，且无他人的签名", "It must be a checkpoint of the old log, signed with its key and nobody else's."),
		rule("later_checkpoint", "须晚于所恢复的副本", "It must be later than the restored copy."),
		rule("same_origin", "节点标识须一致", "The origins are the same."),
		rule("with_origin", "有 url 就须有 origin", "If there is a url, there must be an origin."),
		rule("same_as_call", "须与请求本身一致", "It must be the same as in the call."),
		rule("same_as_old", "用途须与被替换的密钥一致", "Its use must be that of the key that it replaces."),
		rule("environment_key", "受控环境的密钥只能取得供给该环境的内容", "The key of an environment may only fetch what is supplied to it."),
		rule("key_in_use", "密钥在账本上有效：请先更换或停用", "The key is valid on the ledger: replace or revoke it first."),
		rule("last_sign_key", "不得停用最后一把签署密钥", "A party can't revoke its last sign key."),
		rule("calendar_year", "工作日安排不成立，见 detail", "The list of working days is not valid; see detail."),
	}},
	{Words{"登记、授权与产品", "Registration, licenses and products"}, []RuleWords{
		rule("not_future", "不得晚于今日", "It does not lie in the future."),
		rule("product_not_empty", "产品的文件不得为空", "A file of a product must not be empty."),
		rule("not_past", "不得早于今日", "It does not lie in the past."),
		rule("not_before_start", "结束不早于开始", "The end is not before the start."),
		rule("not_before_on", "有效期不早于出具日", "Its validity must not end before the day it was made."),
		rule("at_most_60_days", "要约最长 60 日，且不晚于授权末日", "An offer lasts 60 days at most, and not longer than the license."),
		rule("at_most_1_year", "评估须在一年之内", "The assessment is at most a year old."),
		rule("same_as_before", "不得与原记录不同", "It must be the same as in the previous record."),
		rule("first_is_1", "首个版本为 1", "The first version is 1."),
		rule("not_beside_items", "items 与 items_object 只能有一项", "There are items or items_object, not both."),
		rule("max_of_items", "级别须为信息项中最高者", "The level is the highest of its items."),
		rule("worst_of_items", "个人信息状态须为信息项中最重者", "The status of personal information is the gravest of its items."),
		rule("differs_from_assigner", "运营机构不得是实施机构本身", "The operator and the implementer must be different parties."),
		rule("not_yet_recorded", "本版本尚无此种记录，请留空", "This release has no such record yet: leave it empty."),
		rule("not_in_resource_ids", "排除的资源不得又列为授权资源", "An excluded resource must not be licensed too."),
		rule("within_license", "须在授权期限之内", "It must be within the term of the license."),
		rule("unit_price_times_quantity", "总额须等于单价乘数量", "The total is the price times the quantity."),
		rule("all_zero_or_all_longer", "演示账本的期限须全部为 0 天，或全部不为 0 天。", "On a demonstration ledger either all periods are 0 days, or each has a day."),
		rule("clock_of_demonstration", "模拟时钟仅限演示账本。", "Only a demonstration ledger may have a simulated clock."),
		rule("not_longer_than_law", "期限不得长于法定期限", "A period must not be longer than the law allows."),
		rule("one_party", "一批请求须出自同一单位", "The calls of a batch are of one party."),
		rule("registration", "该功能不能成批提交", "This function can't be submitted in a batch."),
	}},
	{Words{"内容与回执", "Content and receipts"}, []RuleWords{
		rule("running_deliveries", "本单位同时进行的交付已达上限", "The party has reached the limit of running deliveries."),
		rule("running_bundles", "本单位已有证据包在制作且有多个请求在等待", "A bundle for the party is being made, and no more requests of the party can wait."),
		rule("max_stored_keys", "节点为本单位保管的密钥已达上限：请以此前生成的密钥办理 key.rotate", "The node stores as many keys of the party as it may: use one of them with key.rotate."),
		rule("begun_uploads", "本单位已开始而未完成的上传已达上限：请先完成或取消", "The party has reached the limit of uploads that are not whole: finish or cancel some."),
		rule("upload_pieces", "上传的分段过多：请每次发送更多字节", "The upload has too many pieces: send more bytes at a time."),
		rule("tus", "须符合 tus 1.0 协议", "It must follow the protocol tus 1.0."),
		rule("running_bodies", "身份未经核实的请求正文同时在接收的已达上限", "Too many bodies of requests without a valid token are arriving."),
		rule("running_requests", "同一单位或地址同时进行的请求已达上限", "The party, or the address, has reached the limit of running requests."),
		rule("running_uploads", "本单位同时进行的上传已达上限", "The party has reached the limit of running uploads."),
		rule("start", "须为开始回执", "It must be a start receipt."),
		rule("within_length", "不得多于开始时所定的字节数", "It must not be more than the length in the start receipt."),
		rule("within_object", "须在文件之内", "It must be within the object."),
		rule("complete_is_all", "全部字节发出才算完成", "A delivery is complete when all bytes were sent."),
		rule("entry", "区块序号过大", "The number of a block is too large."),
		rule("one_key", "账本上该键只能有一个", "The chaincode takes exactly one key."),
		rule("party_and_call", "须给出单位与请求编号", "The chaincode takes a party and the id of a call."),
	}},
	{Words{"请求频率", "Rates of requests"}, []RuleWords{
		rule("rate_address", "来自同一地址、不带有效令牌的请求", "Requests without a valid token from one address."),
		rule("rate_dear", "来自同一地址、不带有效令牌的检索、列表、溯源、日志条目与内容", "Searches, lists, traces, log entries and content without a valid token from one address."),
		rule("rate_reads", "同一单位的查询", "Reads of one party."),
		rule("rate_dear_reads", "同一单位的检索、列表、溯源、日志条目与内容", "Searches, lists, traces, log entries and content of one party."),
		rule("rate_calls", "同一单位的签名请求与其他写入", "Signed calls and other writes of one party."),
	}},
	{Words{"导入与命令行", "Imports and the command line"}, []RuleWords{
		rule("column_missing", "表头中没有映射所指的列", "The header has no column that the mapping names."),
		rule("columns_of_header", "列数与表头不一致", "A record must have as many columns as the header."),
		rule("csv_quotes", "CSV 引号不合 RFC 4180", "The CSV quotes do not follow RFC 4180."),
		rule("one_character_of_csv", "分隔符须为一个 ASCII 字符，不是引号或换行", "The delimiter is one ASCII character, but not a quote or a line end."),
		rule("record_1_mib", "一条记录不超过 1 MiB", "A record has at most 1 MiB."),
		rule("text_or_list", "须为文本、数值、真假值或其列表", "It must be a text, a number, a boolean, or a list of them."),
		rule("list_of_text", "列表的每一项须为文本、数值或真假值", "Each member of the list is a text, a number or a boolean."),
		rule("list_only", "split 只用于列表", "split can only be used for a list."),
		rule("object_of_text", "values 须为文本到文本的对象", "values is an object of text to text."),
		rule("with_values", "otherwise 须与 values 同用", "otherwise requires values."),
		rule("known_value", "values 中没有这个词", "values does not contain this word."),
		rule("whole_number", "须为整数", "It must be a whole number."),
		rule("date_or_ms", "须为日期或 Unix 毫秒", "It must be a day or Unix time in milliseconds."),
		rule("field=rule", "成员=规则", "It must be MEMBER=RULE."),
		rule("file_or_hash", "文件与哈希只能给一项", "Give the file or the hash, not both."),
	}},
	{Words{"条款：拒绝所依据的规定", "Articles: the basis of a refusal"}, []RuleWords{
		rule("B1", "产品在售、授权有效", "The product is on offer and its license in force."),
		rule("B2", "来源已登记有效且在授权范围内", "Each source is registered, effective and within the license."),
		rule("B3", "安全与合规审核有效", "The security and conformity reviews are valid."),
		rule("B4", "资源先登记后供给", "The resource was registered first."),
		rule("B5", "需求方已核验", "The buyer is verified."),
		rule("B6", "用途在允许范围内", "The purpose is allowed."),
		rule("B7", "价格、数量与限额相符", "Price, quantity and limits are right."),
		rule("B8", "需求方不是运营机构或其关联方", "The buyer is neither the operator nor an affiliate."),
		rule("B9", "级别与个人信息符合形态要求", "Level and personal information fit the form."),
		rule("B10", "接收方在境内", "The recipient is in mainland China."),
		rule("B11", "没有暂停", "Nothing is suspended."),
		rule("D2", "已付款或免费，在期限与限额之内", "The order is paid or free, and within its term and limits."),
		rule("D3", "交付的形态不是原始数据", "The form is one that this release delivers, never raw data."),
		rule("D5", "回执载明文件的 SHA-256、位置与长度", "The receipt names the object's SHA-256, offset and length."),
		rule("D8", "回执载明授权、订单、用途与账本版本", "The receipt names license, order, purpose and revision."),
		rulesLike(`R[0-9]+(\([0-9]\)|\.[0-9])?`, "R9(1)", "《公共数据资源登记管理暂行办法》的条（项）", "An article (item) of the interim measures on the registration of public data resources."),
		rulesLike(`O[0-9]+(\([0-9]\))?`, "O14(2)", "《公共数据资源授权运营实施规范（试行）》的条（项）", "An article (item) of the trial rules on authorized operation."),
		rulesLike(`35-[0-9]+\([0-9]\)`, "35-10(7)", "《数据产权登记工作指引（试行）》的条（项），参照适用", "An article (item) of the trial guide on the registration of data property rights, by analogy."),
		rulesLike(`PIPL[0-9]+`, "PIPL73", "《个人信息保护法》的条", "An article of the Personal Information Protection Law."),
		rulesLike(`RFC [0-9]+ §[0-9.]+`, "RFC 9110 §14.1.2", "RFC 的章节", "A section of an RFC."),
	}},
}
