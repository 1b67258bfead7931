package words

import "github.com/datacadastre/cadastre/ledger"

// kinds are the names of the kinds of record.
var kinds = map[string]ledger.Words{
	ledger.KindParty:       {ZH: "单位", EN: "party"},
	ledger.KindDeposit:     {ZH: "存证", EN: "deposit"},
	ledger.KindApplication: {ZH: "登记申请", EN: "application"},
	ledger.KindSubmission:  {ZH: "申请内容", EN: "submission"},
	ledger.KindResource:    {ZH: "资源", EN: "resource"},
	ledger.KindEntry:       {ZH: "登记结果", EN: "entry"},
	ledger.KindGrant:       {ZH: "权利", EN: "right"},
	ledger.KindLicense:     {ZH: "授权", EN: "license"},
	ledger.KindEnvironment: {ZH: "受控环境", EN: "environment"},
	ledger.KindProduct:     {ZH: "产品", EN: "product"},
	ledger.KindContent:     {ZH: "内容", EN: "content"},
	ledger.KindOrder:       {ZH: "订单", EN: "order"},
	ledger.KindCalendar:    {ZH: "工作日安排", EN: "calendar"},
	ledger.KindLog:         {ZH: "日志", EN: "log"},
	ledger.KindAnchor:      {ZH: "锚定", EN: "anchor"},
	ledger.KindKey:         {ZH: "密钥", EN: "key"},
	ledger.KindGenesis:     {ZH: "创世记录", EN: "genesis"},
	ledger.KindReceipt:     {ZH: "回执", EN: "receipt"},
	ledger.KindFile:        {ZH: "文件", EN: "file"},
}

// Kind returns the name of a kind of record, and the word itself if it is not a kind.
func Kind(lang, kind string) string {
	if w, ok := kinds[kind]; ok {
		return Of(lang, w)
	}
	return kind
}

// Act returns the title of a function with its name in brackets, and the name alone if
// there is no such function.
func Act(lang string, fn ledger.Function) string {
	a, ok := ledger.ActOf(fn)
	if !ok {
		return string(fn)
	}
	return Of(lang, ledger.Words{ZH: a.Title.ZH + "（" + string(fn) + "）", EN: a.Title.EN + " (" + string(fn) + ")"})
}
