package words

import (
	"maps"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// saying has the sentences of a reason: what happened, and what to do next.
type saying struct{ zhTitle, zhNext, enTitle, enNext string }

// sayings are the sentences of every reason. A test checks that no reason is missing.
var sayings = map[ledger.Reason]saying{
	ledger.ReasonField:           {"{field} 不符合规则：{rule}", "请按该规则改正后重新提交", "{field} breaks a rule: {rule}", "Correct it and send it again"},
	ledger.ReasonJSON:            {"内容不是规范的 JSON（{rule}）{place}", "请检查成员名称、重复成员与编码后重发", "The content is not strict JSON ({rule}){place}", "Check member names, repeated members and encoding, then send it again"},
	ledger.ReasonJWS:             {"签名格式不正确（{rule}）", "请用 cadastre 命令行重新签名", "This is not a compact JWS in the required form ({rule})", "Sign it again with the cadastre command line"},
	ledger.ReasonAlgorithm:       {"签名算法不被接受", "请使用 ES256 重新签名", "The signature's algorithm is not accepted", "Sign with ES256"},
	ledger.ReasonSignature:       {"签名验证不通过", "请确认使用的是本单位登记在册的密钥，然后重新签名", "The signature does not verify", "Make sure that you sign with your registered key, then sign again"},
	ledger.ReasonTooLarge:        {"内容超过允许的大小{size}", "请缩小内容，或联系节点管理员调整上限", "The content is larger than allowed{size}", "Make it smaller, or ask the node's operator to raise the limit"},
	ledger.ReasonLedger:          {"该请求是为另一个账本签署的", "请用本账本的标识重新签名（见 /v1/about）", "This call was made for another ledger", "Sign it for this ledger (see /v1/about)"},
	ledger.ReasonTime:            {"请求的时间晚于当前时间", "请校准时钟后重新签名", "The call's time is in the future", "Correct your clock and sign again"},
	ledger.ReasonExpired:         {"请求已过期", "请重新签名后提交", "The call has expired", "Sign it again and send it"},
	ledger.ReasonClock:           {"本节点的时钟不可信，或与账本对端的时钟相差超过五分钟", "请节点管理员校准本机或对端的时钟，然后重新提交同一请求", "The clock of this node can't be trusted, or differs from that of the ledger's peer by more than five minutes", "Ask the node's operator to correct the wrong clock, then send the same request again"},
	ledger.ReasonMethod:          {"该地址不接受请求所用的 HTTP 方法", "可用的方法见答复的 Allow 标头", "This address does not take the HTTP method of the request", "The header Allow of the answer lists those that it takes"},
	ledger.ReasonFunction:        {"没有这个功能", "请查阅功能列表", "There is no such function", "See the list of functions"},
	ledger.ReasonCallUsed:        {"该请求编号已用于另一内容", "请换一个请求编号", "This call id was used for another call", "Use a new call id"},
	ledger.ReasonInternal:        {"系统内部错误", "请稍后再试；若持续出现，请联系节点管理员", "The system has failed", "Try again later; if it fails again, contact the node's operator"},
	ledger.ReasonGenesis:         {"账本尚未创建或已经创建", "请检查节点是否已初始化", "The ledger has not begun, or it has begun already", "Check whether the node is initialized"},
	ledger.ReasonKey:             {"未登记的密钥", "请由数据管理部门登记该密钥", "This key is not registered", "Have the data authority register it"},
	ledger.ReasonKeyUse:          {"该密钥不能用于此操作（{rule}）", "请使用签署用密钥（sign）", "This key may not be used for this ({rule})", "Use a key whose use is sign"},
	ledger.ReasonKeyEnded:        {"该密钥已停用", "请使用有效的密钥", "This key is no longer valid", "Use a valid key"},
	ledger.ReasonRole:            {"本单位的角色不能办理此事项", "请由具有相应角色的单位办理", "Your roles do not allow this", "Ask a party with the right role to do it"},
	ledger.ReasonPartyUnknown:    {"单位未登记", "请先向数据管理部门申请准入", "This party is not admitted", "Apply to the data authority first"},
	ledger.ReasonPartySuspended:  {"单位已被暂停", "请联系作出暂停决定的部门", "This party is suspended", "Ask the authority that suspended it"},
	ledger.ReasonNotYours:        {"该记录不属于本单位", "请由记录所属单位办理", "This record is not yours", "Ask its owner to do it"},
	ledger.ReasonJurisdiction:    {"不在管辖区域内", "请由该区域的登记机构或主管部门办理", "This is outside the jurisdiction", "Go to the registry body or office of that region"},
	ledger.ReasonFourEyes:        {"该步骤须由另一人用本单位的另一把签署密钥办理", "请由同事用其本人的密钥签署；尚无第二把密钥的，先用 cadastre party add-key 增加", "Another person must take this step, with another signing key of your party", "Have a colleague sign it with a separate key; cadastre party add-key adds one"},
	ledger.ReasonOwnMatter:       {"该事项涉及本单位或其关联单位，本单位不得办理", "请由同级或上级的其他主管部门办理", "This concerns your own party or an affiliate of it, so you may not decide on it", "Have another office of this region, or of one above, do it"},
	ledger.ReasonRolesExclude:    {"所申请的角色不能兼任", "请分由不同单位承担", "These roles exclude each other", "Apply for them with different parties"},
	ledger.ReasonKind:            {"该类单位不能承担所申请的角色", "运营机构应为企业、公用企业或事业单位；主管、登记、授权与实施机构应为机关或事业单位", "A party of this kind can't have this role", "An operator is an enterprise, a utility or an institution; a public office is an organ or an institution"},
	ledger.ReasonCentral:         {"中央单位应向国家登记平台申请（办法第六条）", "请到国家公共数据资源登记平台办理", "Central bodies register with the national platform (article 6 of the measures)", "Apply there"},
	ledger.ReasonToken:           {"访问令牌无效（{rule}）", "请用 cadastre token 重新生成", "The access token is not valid ({rule})", "Make a new one with cadastre token"},
	ledger.ReasonTokenUsed:       {"该访问令牌已使用过", "请为每次写操作生成新的令牌", "This access token was used before", "Make a new token for each write"},
	ledger.ReasonCustody:         {"该角色的签署密钥不得由节点托管", "请自行保管签署密钥", "The node may not store the signing key of this role", "Store the signing key yourself"},
	ledger.ReasonExists:          {"{field} 已存在", "请使用已有记录，或更换编号", "{field} exists already", "Use the existing record, or another id"},
	ledger.ReasonUnknown:         {"没有找到 {ref}", "请检查编号；无权查看的记录也显示为不存在", "Not found {ref}", "Check the id; records that you may not read are not found either"},
	ledger.ReasonState:           {"当前状态（{state}）不允许此操作", "请刷新后按当前状态办理", "The current state ({state}) does not allow this", "Read the record again and act on its current state"},
	ledger.ReasonStale:           {"该记录已有更新，您的请求依据的是旧版本", "请读取最新版本后重新签署", "The record has changed since the version that you cite", "Read the newest version and sign again"},
	ledger.ReasonDuplicate:       {"同一持有单位下已有同名资源，或存证已被使用", "请核对已登记的资源", "The same holder has registered this title, or the deposit is in use", "Check what is registered already"},
	ledger.ReasonSuspended:       {"已处于暂停状态", "请查看作出暂停的部门", "It is suspended already", "See who suspended it"},
	ledger.ReasonNoSuspense:      {"没有本单位可以解除的暂停", "由作出暂停的单位，或其上级区划的同类部门恢复", "There is no suspension that you can lift", "The party that set a suspension can lift it, or the same office of a region above"},
	ledger.ReasonWindow:          {"{field} 须晚于账本当前时间且在 400 天之内", "请改填其后 400 天内的时间；更远的可分次拨", "{field} must be after the ledger's time, by at most 400 days", "Give a later time; go further in several steps"},
	ledger.ReasonEarly:           {"期限尚未届满（{due}）", "请在期满后办理", "The period is still running (until {due})", "Do it after its end"},
	ledger.ReasonLate:            {"期限已过（{due}）", "请查阅办法关于逾期的规定", "The period is over ({due})", "See what the measures say about late acts"},
	ledger.ReasonOpen:            {"尚有未处理的异议", "请先处理全部异议", "An objection is open", "Decide all objections first"},
	ledger.ReasonSecond:          {"再次退回只能针对新的事项", "请列出新的问题，或受理", "A second return needs new defects", "Name what is new, or accept"},
	ledger.ReasonDeposit:         {"没有找到存证", "请先办理存证", "The deposit is missing", "Make the deposit first"},
	ledger.ReasonIncomplete:      {"材料不齐", "请补齐全部材料", "Materials are missing", "Add all of them"},
	ledger.ReasonConsistency:     {"日志一致性证明不成立", "请检查回执日志是否为最新", "The consistency proof is invalid", "Check that the receipt log is the newest"},
	ledger.ReasonLogEnded:        {"恢复后已由另一日志接续该日志", "请使用接续的日志", "Since a restore another log continues this one", "Use the log that continues it"},
	ledger.ReasonLost:            {"没有此请求或记录；账本曾自较旧的副本恢复，其后的请求已失去", "如您得到过它的记录位置，请重新签署并提交", "There is no such call or record; the ledger was restored from an older copy, and later calls were lost", "If you were given its position, sign it again and send it again"},
	ledger.ReasonLogOpen:         {"日志正由运行中的节点写入", "请停止节点，用 cadastre log begin 办理", "The log is in use by a running node", "Stop the node, and use cadastre log begin"},
	ledger.ReasonDemoOnly:        {"仅演示账本允许", "请在演示账本上操作", "Only demo ledgers allow this", "Use a demo ledger"},
	ledger.ReasonNonconforming:   {"不符合登记要求", "请按告知的问题修改", "It does not meet the requirements", "Correct the defects that were reported"},
	ledger.ReasonStateSecret:     {"涉及国家秘密或工作秘密，不予登记", "请撤回", "State secrets and work secrets are not registered", "Withdraw it"},
	ledger.ReasonCoreData:        {"核心数据不予登记和流通", "请撤回", "Core data are not registered or traded", "Withdraw it"},
	ledger.ReasonSourceUnlawful:  {"来源不合法或缺少同意", "请补充合法来源依据", "The source is not lawful or consent is missing", "Add the lawful basis"},
	ledger.ReasonOwnership:       {"权属存在争议", "请先解决争议", "Ownership is in dispute", "Settle the dispute first"},
	ledger.ReasonRefusedOperator: {"运营机构已拒绝", "请查看拒绝原因", "The operator refused", "See its reason"},
	ledger.ReasonDateOrder:       {"日期先后有误", "须依次为遴选、集体决策、签署，均不晚于今日与授权起始日：请核对文件上的日期", "The dates are out of order", "First the selection, then the collective decision, then the signature, not later than today and the first day of the license: check the dates on the documents"},
	ledger.ReasonScope:           {"没有授权覆盖该资源", "请核对授权范围", "No license covers this resource", "Check what your licenses cover"},
	ledger.ReasonLicense:         {"授权不在有效期内或已终止", "请核对授权期限与状态", "The license has not begun, has ended or was terminated", "Check its term and state"},
	ledger.ReasonPurpose:         {"用途不在允许范围内", "请选择允许的用途", "This purpose is not allowed", "Choose an allowed purpose"},
	ledger.ReasonPrice:           {"价格或总额不符", "请按公布的价格计算", "The price or the total is wrong", "Use the published price"},
	ledger.ReasonOwnScope:        {"运营机构及其关联方不得购买本授权范围内的产品（规范第六条）", "请由无关联的单位购买", "An operator and its affiliates may not buy within their own scope (article 6 of the rules)", "Let an unrelated party buy"},
	ledger.ReasonReview:          {"安全审核或合规审核缺失或过期", "请补办审核", "The security or conformity review is missing or has ended", "Have the product reviewed"},
	ledger.ReasonGate:            {"资源尚未登记", "请先完成登记", "The resource is not registered", "Register it first"},
	ledger.ReasonLevel:           {"该级别的数据不能以此形态提供", "本版本仅提供一般数据", "Data of this level is not delivered in this form", "This release delivers the level general only"},
	ledger.ReasonPI:              {"含个人信息的数据不能以此形态提供", "请先匿名化", "Personal information is not delivered in this form", "Anonymize it first"},
	ledger.ReasonForm:            {"该形态不可交付", "请选择 dataset、report、statistic 或 model", "This form is not delivered", "Choose dataset, report, statistic or model"},
	ledger.ReasonRecipient:       {"接收方不在境内", "仅向境内接收方提供", "The recipient is not in mainland China", "Only recipients in mainland China are served"},
	ledger.ReasonBuyer:           {"需求方未核验", "请先完成实名核验", "The buyer is not verified", "Have the buyer verified first"},
	ledger.ReasonNotListed:       {"产品未上架", "请选择在售产品", "The product is not on offer", "Choose a product that is on offer"},
	ledger.ReasonEntry:           {"登记结果无效", "请核对登记状态", "The entry is not valid", "Check its status"},
	ledger.ReasonOrder:           {"订单不可交付（{state}）", "请核对订单状态与期限", "The order can't be delivered ({state})", "Check its state and term"},
	ledger.ReasonUnpaid:          {"订单尚未支付", "请先付款并由运营机构确认", "The order is not paid", "Pay, and ask the operator to confirm the payment"},
	ledger.ReasonLimit:           {"已达到使用次数或流量上限（{scope}）", "等待无济于事：请另行下单，或联系对方调整上限", "The limit of uses or bytes of {scope} is reached", "Waiting does not help: place a new order, or ask for a higher limit"},
	ledger.ReasonEnvironment:     {"须使用授权中列明的受控环境", "请用该环境的密钥访问", "Only an environment that the license lists may fetch this", "Use that environment's key"},
	ledger.ReasonContent:         {"没有可提供的内容", "请由持有单位或运营机构登记内容；若在其他节点，请到该节点获取", "This node has no such content", "Ask its owner to record it; if another node stores it, ask there"},
	ledger.ReasonRawContent:      {"同一文件是未无条件开放的资源的内容，原始数据不得作为产品交付（规范第二十一条）", "请登记加工后的产品文件；如确属公共可得，请资源持有单位登记为无条件开放", "The same file is content of a resource that is not open: raw data is not delivered as a product (article 21 of the rules)", "Add the file of a product made from it; if the data may be public, its holder can register it as open"},
	ledger.ReasonNoContent:       {"产品尚无可交付的内容", "请运营机构先登记产品内容", "The product has nothing to deliver yet", "Ask its operator to add content first"},
	ledger.ReasonSameContent:     {"该节点上的同一文件已是该资源或产品的内容", "无需再次登记；如需改名，请先撤下原内容", "The same file at this node is already content of this resource or product", "There is nothing to add; to change its name, remove the old record first"},
	ledger.ReasonDenied:          {"不允许", "请核对授权", "Not allowed", "Check your licenses"},
	ledger.ReasonAnchorLag:       {"回执长时间未锚定，暂停新的交付", "请稍后再试", "Receipts have not been anchored for too long, so there are no new deliveries", "Try again later"},
	ledger.ReasonBehind:          {"节点尚未处理完最新区块", "请稍后再试", "The node has not processed the newest block yet", "Try again soon"},
	ledger.ReasonBusy:            {"系统繁忙", "请稍后重试同一请求", "The system is busy", "Send the same request again soon"},
	ledger.ReasonRate:            {"请求过于频繁{rate}", "请等待{pause}，再重发同一请求", "Too many requests{rate}", "Please wait {pause}, then send the same request again"},
	ledger.ReasonRange:           {"请求的范围超出文件", "请检查 Range 请求头", "The range is outside the content", "Check the Range header"},
	ledger.ReasonElsewhere:       {"该内容由其他节点保存 {origin}", "请用为该节点生成的令牌到该节点获取（地址见 params）；cadastre 命令行会自行前往", "Another node stores it {origin}", "Ask there, at the address in params, with a token for that node; the cadastre command line does so by itself"},
	ledger.ReasonLedgerAway:      {"账本没有答复（{part}），该请求是否已记录尚不清楚", "请稍后原样重发同一请求：同一请求只会记录一次", "The ledger does not answer ({part}), so it is not known whether the call is recorded", "Send the same call again soon: it is recorded only once"},
	ledger.ReasonNoStoredKey:     {"本节点没有为本单位保管签署密钥", "请用 cadastre 命令行自行签署（或提交至 /v1/calls），或先交由节点托管密钥（/v1/custody/keys）", "This node stores no signing key of yours", "Sign it yourself with the cadastre command line (or send it to /v1/calls), or first let the node store a key (/v1/custody/keys)"},
	ledger.ReasonNoLog:           {"本节点不保存账本日志：登记簿由多个节点共用", "请用 /v1/evidence 取得证据包，或到共用账本查询", "This node has no ledger log: it shares its register with other nodes", "Get an evidence bundle from /v1/evidence, or ask the shared ledger"},
	ledger.ReasonDisk:            {"节点的可用磁盘空间不足", "请稍后再试；节点管理员须腾出空间", "The node has too little free disk space", "Try again later; the node's operator has to make room"},
	ledger.ReasonStoreAway:       {"内容存储不可用", "请稍后再试；节点管理员须检查内容存储", "The store of content does not work", "Try again later; the node's operator has to look at the store"},
	ledger.ReasonUnnamed:         {"本单位已上传而未登记为内容的数据将超过上限（{bytes} 字节，上限 {limit}）", "请先以 content.add 登记已上传的文件，或取消未完成的上传；未登记的七天后删除", "Your party would have uploaded more than it may without recording it as content ({bytes} bytes, {limit} allowed)", "First record what you uploaded with content.add, or cancel unfinished uploads; what is not recorded is deleted after seven days"},
	ledger.ReasonAuthorization:   {"需要访问令牌", "请用 cadastre token 生成令牌并置于 Authorization 请求头", "An access token is needed", "Make one with cadastre token and send it in the Authorization header"},
}

// Reasons lists the reasons that have sentences, in no order.
func Reasons() []ledger.Reason { return slices.Collect(maps.Keys(sayings)) }

// HasReason reports whether a reason has sentences.
func HasReason(r ledger.Reason) bool {
	_, ok := sayings[r]
	return ok
}

// valueOf returns what people read for a parameter of an error: states and records by
// their words.
func valueOf(lang string, e *ledger.Error, p ledger.Param) string {
	switch p.Name {
	case "state":
		kind := e.Param("on")
		if e.Reason == ledger.ReasonOrder {
			kind = ledger.KindOrder
		}
		w := StateOf(kind, p.Value)
		return Of(lang, ledger.Words{ZH: w.ZH, EN: lower(w.EN)})
	case "ref", "scope":
		return Record(lang, ledger.Ref(p.Value))
	}
	return p.Value
}

// Sentence returns what happened, and what to do next, for the reason of an error. It
// is empty for a reason that has no sentence.
func Sentence(lang string, e *ledger.Error) (title, next string) {
	w := sayings[e.Reason]
	title, next = w.zhTitle, w.zhNext
	if lang == "en" {
		title, next = w.enTitle, w.enNext
	}
	pairs := []string{"{field} ", "该项", "{field}", e.Field}
	if e.Field != "" {
		pairs = pairs[2:]
	} else if lang == "en" {
		pairs[1] = "This "
	}
	if e.Rule == "" {
		pairs = append(pairs, "（{rule}）", "", " ({rule})", "", "：{rule}", "", ": {rule}", "")
	}
	pairs = append(pairs, "{rule}", required(lang, e), "{place}", Place(lang, e), "{rate}", rateOf(lang, e), "{size}", sizeOf(lang, e), "{pause}", pauseOf(lang, e))
	if e.Param("scope") == "" {
		pairs = append(pairs, "{scope}", Of(lang, ledger.Words{ZH: "订单或授权", EN: "the order or license"}))
	}
	given := map[string]bool{}
	for _, p := range e.Params {
		given[p.Name] = true
		pairs = append(pairs, "{"+p.Name+"}", valueOf(lang, e, p))
	}
	for _, name := range []string{"state", "due", "part", "ref", "origin"} {
		if place := "{" + name + "}"; !given[name] { // a value that is missing is removed with its brackets
			pairs = append(pairs, " ("+place+")", "", "（"+place+"）", "", " (until "+place+")", "", place, "")
		}
	}
	if !given["bytes"] {
		pairs = append(pairs, "（{bytes} 字节，上限 {limit}）", "", " ({bytes} bytes, {limit} allowed)", "")
	}
	if e.Rule == "environment_key" {
		next = Of(lang, ledger.Words{ZH: "请用单位自己的密钥（auth 或 sign）生成令牌", EN: "Make the token with a key of the party (auth or sign)"})
	}
	fill := strings.NewReplacer(pairs...)
	return strings.TrimSpace(fill.Replace(title)), fill.Replace(next)
}

// pauseOf returns how long to wait before the same request is sent again.
func pauseOf(lang string, e *ledger.Error) string {
	if wait := e.Param("wait"); wait != "" {
		return Of(lang, ledger.Words{ZH: " " + wait + " 秒", EN: wait + " seconds"})
	}
	return Of(lang, ledger.Words{ZH: "片刻", EN: "a moment"})
}

// sizeOf returns which limit of size an error is about, and its value in bytes.
func sizeOf(lang string, e *ledger.Error) (s string) {
	if e.Rule != "" {
		s = Of(lang, ledger.Words{ZH: "：", EN: ": "}) + required(lang, e)
	}
	if limit := e.Param("limit"); limit != "" {
		if s == "" {
			return Of(lang, ledger.Words{ZH: "：至多 " + limit + " 字节", EN: ": at most " + limit + " bytes"})
		}
		s += Of(lang, ledger.Words{ZH: "，至多 " + limit + " 字节", EN: ", at most " + limit + " bytes"})
	}
	return s
}

// rateOf returns what a refused rate counts, and its value. It is empty
// for an error of another rule.
func rateOf(lang string, e *ledger.Error) string {
	r, ok := ledger.RuleOf(e.Rule)
	if !ok || e.Param("limit") == "" {
		return ""
	}
	w := ledger.Words{
		ZH: "：" + r.ZH + "，每秒至多 " + e.Param("limit") + " 次",
		EN: ": " + lower(strings.TrimSuffix(r.EN, ".")) + ": at most " + e.Param("limit") + " a second",
	}
	return Of(lang, w)
}
