package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/ledger"
)

// Trace has the parts of the sentence that begins a trace. Each is a format in both
// languages over the same values.
var Trace = struct {
	FileOfProduct, FileOfResource ledger.Words // title, party, name of the file
	FileElsewhere                 ledger.Words // number of further contents
	FileByReceipts                ledger.Words // number of receipts of its upload
	Deliveries                    ledger.Words // number of deliveries and supplies
	Supplied, Delivered           ledger.Words // time, receiver, block, number
	Uploaded                      ledger.Words // time, party
	Denied                        ledger.Words // time, party, reason
	Read                          ledger.Words // time, party, record
	Order                         ledger.Words // buyer, state
	OrderedProduct                ledger.Words // title, operator
	Product                       ledger.Words // title, operator, state
	Sources                       ledger.Words // number of resources
	License, Resource             ledger.Words // title, party, state
}{
	FileOfProduct:  ledger.Words{ZH: "该文件是%[2]s的产品“%[1]s”的内容“%[3]s”", EN: "the file is %[3]q, content of the product %[1]q of %[2]s"},
	FileOfResource: ledger.Words{ZH: "该文件是%[2]s的资源“%[1]s”的内容“%[3]s”", EN: "the file is %[3]q, content of the resource %[1]q of %[2]s"},
	FileElsewhere:  ledger.Words{ZH: "另登记为内容 %d 处", EN: "it is recorded as content %d more times"},
	FileByReceipts: ledger.Words{ZH: "关于该文件有 %d 份入库回执", EN: "%d receipts report that the file was uploaded"},
	Deliveries:     ledger.Words{ZH: "可见的交付与供给共 %d 项，每项开始时均经判定允许", EN: "you may see %d deliveries and supplies of it, and each was allowed when it began"},
	Supplied: ledger.Words{
		ZH: "%[1]s（北京时间）供给%[2]s，当时依授权判定允许（策略版本：区块 %[3]s），共 %[4]d 次",
		EN: "it was supplied to %[2]s on %[1]s (Beijing time), which the license allowed then (policy revision: block %[3]s), %[4]d times in all",
	},
	Delivered: ledger.Words{
		ZH: "%[1]s（北京时间）交付%[2]s，当时依订单判定允许（策略版本：区块 %[3]s），共 %[4]d 次",
		EN: "it was delivered to %[2]s on %[1]s (Beijing time), which the order allowed then (policy revision: block %[3]s), %[4]d times in all",
	},
	Uploaded:       ledger.Words{ZH: "%[1]s（北京时间）由%[2]s上传", EN: "it was uploaded on %[1]s (Beijing time) by %[2]s"},
	Denied:         ledger.Words{ZH: "%[1]s（北京时间）拒绝了%[2]s的请求，原因：%[3]s", EN: "on %[1]s (Beijing time) a request of %[2]s was refused, because: %[3]s"},
	Read:           ledger.Words{ZH: "%[1]s（北京时间）%[2]s查看了%[3]s", EN: "on %[1]s (Beijing time) %[2]s read %[3]s"},
	Order:          ledger.Words{ZH: "订购方为%[1]s，订单现状：%[2]s", EN: "%[1]s placed the order, which is now: %[2]s"},
	OrderedProduct: ledger.Words{ZH: "所购产品“%[1]s”由%[2]s经营", EN: "it is for the product %[1]q of %[2]s"},
	Product:        ledger.Words{ZH: "产品“%[1]s”由%[2]s经营，现状：%[3]s", EN: "%[2]s offers the product %[1]q, which is now: %[3]s"},
	Sources:        ledger.Words{ZH: "来源资源 %d 项", EN: "it is made from %d resources"},
	License:        ledger.Words{ZH: "依据授权“%[1]s”，被授权方为%[2]s，授权现状：%[3]s", EN: "by the license %[1]q of %[2]s, which is now: %[3]s"},
	Resource:       ledger.Words{ZH: "资源“%[1]s”由%[2]s持有，登记现状：%[3]s", EN: "the resource %[1]q is held by %[2]s, and its registration is now: %[3]s"},
}

// Format fills a sentence in both languages. A value of type ledger.Words appears in
// the language of the sentence, in English with a small first letter.
func Format(sentence ledger.Words, values ...any) ledger.Words {
	zh, en := make([]any, len(values)), make([]any, len(values))
	for i, v := range values {
		zh[i], en[i] = v, v
		if w, ok := v.(ledger.Words); ok {
			zh[i], en[i] = w.ZH, lower(w.EN)
		}
	}
	return ledger.Words{ZH: fmt.Sprintf(sentence.ZH, zh...), EN: fmt.Sprintf(sentence.EN, en...)}
}

// Join makes one sentence of its parts.
func Join(parts []ledger.Words) ledger.Words {
	var zh, en []string
	for _, p := range parts {
		zh, en = append(zh, p.ZH), append(en, p.EN)
	}
	return ledger.Words{ZH: strings.Join(zh, "；") + "。", EN: upper(strings.Join(en, "; ")) + "."}
}

// upper writes the first letter of an English text large. It leaves a name that begins in
// Chinese as it is.
func upper(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// lower writes the first letter of an English text small, except in a word that has
// further capitals.
func lower(s string) string {
	word, _, _ := strings.Cut(s, " ")
	first, size := utf8.DecodeRuneInString(word)
	if size == len(word) || word[size:] != strings.ToLower(word[size:]) {
		return s
	}
	return string(unicode.ToLower(first)) + s[size:]
}
