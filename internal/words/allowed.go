package words

import (
	"regexp"
	"strings"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// allowedText is what an error says is allowed, with its words in both languages. The
// words may use the groups of the expression.
type allowedText struct {
	form *regexp.Regexp
	ledger.Words
}

// allowedTable has all texts that the parameter "allowed" of an error may have, as
// expressions, except for numbers and lists of words.
var allowedTable = [][3]string{
	// lengths and numbers
	{`(.*) 字/characters`, "${1} 字", "${1} characters"},
	{`(.*) 字节/bytes`, "${1} 字节", "${1} bytes"},
	{`at most (\d+) bytes`, "至多 ${1} 字节", "at most ${1} bytes"},
	{`(\d+) to (\d+)`, "${1} 至 ${2}", "${1} to ${2}"},
	{`整数/integer(?:, (.*))?`, "整数 ${1}", "whole number ${1}"},
	{`数/number`, "数", "number"},
	{`文本/text`, "文本", "text"},
	{`列表/list`, "列表", "list"},
	{`对象/object`, "对象", "object"},
	{`文本、列表/text, list`, "文本、列表", "text, list"},
	{`文本列表/list of text`, "文本列表", "list of texts"},
	// texts
	{`首尾不留空白/no blank at the beginning or end`, "首尾不留空白", "no blank at the beginning or end"},
	{`看得见的字符、空格、换行、制表符/characters that are seen, blank, line feed, tab`, "看得见的字符、空格、换行、制表符", "visible characters, blank, line feed, tab"},
	{`看得见的字符、空格，不分行/characters that are seen, blank, on one line`, "看得见的字符、空格，不分行", "visible characters and blanks on one line"},
	{`一词一种文字，拉丁字母间可有一个希腊字母/letters of one script in a word, or Latin with one Greek letter`, "一词一种文字，拉丁字母间可有一个希腊字母", "letters of one script in a word, or Latin with one Greek letter"},
	{`换行、制表符/line feed, tab`, "换行、制表符", "line feed, tab"},
	{`(.*: )?A–Z a–z 0–9 . _ : / -`, "${1}A–Z a–z 0–9 . _ : / -", "${1}A–Z a–z 0–9 . _ : / -"},
	{`(.*: )?a–z 0–9 _`, "${1}a–z 0–9 _", "${1}a–z 0–9 _"},
	{`at least one letter or digit`, "至少一个字母、汉字或数字", "at least one letter or digit"},
	{`1 to 64 of (.*) and blank`, "1 至 64 个字符：${1} 与空格", "1 to 64 characters of ${1} and blank"},
	{`8 to 64 of (.*)`, "8 至 64 个字符：${1}", "8 to 64 characters of ${1}"},
	{`no "/" at the beginning, no ".."`, "不以 / 开头，不含 ..", `no "/" at the beginning, no ".."`},
	{`no (/ .*), no "." or "-" at the beginning, no "." at the end`, "不含 ${1}，不以 . 或 - 开头，不以 . 结尾", `no ${1}, no "." or "-" at the beginning, no "." at the end`},
	// codes, days and keys
	{`UUID, version 7 or 8`, "第 7 或第 8 版 UUID，小写", "UUID of version 7 or 8, in lower case"},
	{`uuid UUID|UUID`, "UUID", "UUID"},
	{`SHA-256, 64 digits of 0–9 a–f`, "SHA-256，64 位 0–9 a–f", "SHA-256, 64 digits of 0–9 a–f"},
	{`32 digits of 0–9 a–f`, "32 位 0–9 a–f", "32 digits of 0–9 a–f"},
	{`16 bytes as 32 digits of 0–9 a–f`, "16 字节，32 位 0–9 a–f", "16 bytes as 32 digits of 0–9 a–f"},
	{`salt of 32 and SHA-256 of 64 digits of 0–9 a–f`, "盐值 32 位、SHA-256 64 位 0–9 a–f", "salt of 32 and SHA-256 of 64 digits of 0–9 a–f"},
	{`32 bytes in base64url`, "32 字节的 base64url", "32 bytes in base64url"},
	{`GB/T 2260, six digits`, "GB/T 2260 区划代码，六位数字", "code of GB/T 2260, six digits"},
	{`GB/T 4754, A–T with 0 or 2 to 4 digits`, "GB/T 4754 行业代码：A–T，其后 0 位或 2 至 4 位数字", "code of GB/T 4754: A–T with 0 or 2 to 4 digits"},
	{`GB 32100-2015, 18 characters`, "统一社会信用代码（GB 32100-2015），18 位", "unified social credit code (GB 32100-2015), 18 characters"},
	{`at least 6 digits / digits, 64 bytes in all`, "至少 6 位数字、/、数字，共不超过 64 字节", "at least 6 digits, a slash, digits; 64 bytes in all"},
	{`GS-REGION-DATE-SERIAL`, "GS-区划-日期-序号", "GS-REGION-DATE-SERIAL"},
	{`REGION-TYPE-DATE-SERIAL-CHECK`, "区划-类型-日期-序号-校验", "REGION-TYPE-DATE-SERIAL-CHECK"},
	{`not a code in the form of Cadastre's own codes`, "不具有本平台编号的形式", "no code in the form of the platform's numbers"},
	{`a day, YYYY-MM-DD`, "日期，YYYY-MM-DD", "a day, YYYY-MM-DD"},
	{`Unix time in milliseconds`, "Unix 毫秒", "Unix time in milliseconds"},
	{`YYYY-MM-DD, (.*), RFC 3339, 毫秒/Unix milliseconds`, "YYYY-MM-DD、${1}、RFC 3339、Unix 毫秒", "YYYY-MM-DD, ${1}, RFC 3339, Unix milliseconds"},
	{`compact JWS, ES256`, "compact JWS，ES256 签名", "compact JWS, signed with ES256"},
	{`RFC 7638 thumbprint`, "RFC 7638 指纹", "RFC 7638 thumbprint"},
	{`public key of P-256`, "P-256 公钥", "public key of P-256"},
	// addresses and references
	{`http:// or https:// and a host`, "http:// 或 https:// 加主机", "http:// or https:// and a host"},
	{`http:// or https:// and a host, no slash at the end`, "http:// 或 https:// 加主机，末尾无 /", "http:// or https:// and a host, no slash at the end"},
	{`KIND/ID, KIND one of (.*)`, "种类/编号，种类为下列之一：${1}", "KIND/ID, where KIND is one of ${1}"},
	{`next of a page of (.*)`, "上一页所给的 next，原样", "next of the previous page, unchanged"},
	// names that are alike in both languages
	{`UTF-8|application/json|Unicode NFC|YYYY-MM-DD|true|true, false`, "${0}", "${0}"},
}

// allowedTexts returns the table with its expressions, which are compiled on first use.
var allowedTexts = sync.OnceValue(func() []allowedText {
	list := make([]allowedText, len(allowedTable))
	for i, row := range allowedTable {
		form := row[0]
		if !strings.ContainsAny(form, `(\|`) {
			form = regexp.QuoteMeta(form)
		}
		list[i] = allowedText{regexp.MustCompile("^(?:" + form + ")$"), ledger.Words{ZH: row[1], EN: row[2]}}
	}
	return list
})

// wordList is a list of words of a program: names of members, values, columns.
var wordList = regexp.MustCompile(`^[\w.-]+(, [\w.-]+)+$`)

// Allowed returns what an error says is allowed (ledger.Error.Allowed) in a language.
// The values of a closed list have their words beside them in Chinese.
func Allowed(lang, text string) string {
	for _, a := range allowedTexts() {
		if m := a.form.FindStringSubmatchIndex(text); m != nil {
			return strings.TrimSpace(string(a.form.ExpandString(nil, Of(lang, a.Words), text, m)))
		}
	}
	if lang == "en" || !wordList.MatchString(text) {
		return text
	}
	for _, e := range ledger.Enums() {
		if e.String() != text {
			continue
		}
		list := make([]string, len(e.Values))
		for i, v := range e.Values {
			list[i] = v.Word + "（" + v.ZH + "）"
		}
		return strings.Join(list, "、")
	}
	return strings.ReplaceAll(text, ", ", "、")
}
