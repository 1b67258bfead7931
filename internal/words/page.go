package words

import (
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// pages are the texts of the pages in internal/web/pages, by the key that a page uses.
var pages = map[string]ledger.Words{
	"demo":               {ZH: "演示账本：期限为零，以下内容不具有法律效力。", EN: "Demonstration ledger: time limits are zero days, and nothing here has legal effect."},
	"search":             {ZH: "检索已登记的公共数据资源", EN: "Search registered public data resources"},
	"back":               {ZH: "返回检索", EN: "Back to the search"},
	"home.title":         {ZH: "公共数据资源登记", EN: "Register of public data resources"},
	"home.button":        {ZH: "检索", EN: "Search"},
	"home.total":         {ZH: "共 %d 条", EN: "%d found"},
	"home.none":          {ZH: "没有符合的登记结果", EN: "No registered resource matches"},
	"home.next":          {ZH: "下一页", EN: "Next page"},
	"home.restored":      {ZH: "日志 %s 自第 %d 条起恢复，已知失去 %d 条，现以 %s 接续。", EN: "The log %s was restored at %d; %d entries are known to be lost; it goes on as %s."},
	"home.api":           {ZH: "接口说明", EN: "API description"},
	"home.about":         {ZH: "本节点与账本", EN: "About this node and its ledger"},
	"home.checkpoint":    {ZH: "账本检查点", EN: "Ledger checkpoint"},
	"certificate.title":  {ZH: "公共数据资源登记结果凭证", EN: "Certificate of the registration of a public data resource"},
	"certificate.code":   {ZH: "登记结果查询码", EN: "Official registration code"},
	"certificate.number": {ZH: "平台编号", EN: "Platform number"},
	"certificate.name":   {ZH: "名称", EN: "Title"},
	"certificate.status": {ZH: "状态", EN: "Status"},
	"certificate.on":     {ZH: "%s（%s 当日状态）", EN: "%s (status of %s)"},
	"certificate.hold":   {ZH: "持有或管理单位", EN: "Held or managed by"},
	"certificate.use":    {ZH: "授权使用", EN: "Authorized to use"},
	"certificate.trade":  {ZH: "授权经营", EN: "Authorized to operate"},
	"certificate.from":   {ZH: "赋码日期", EN: "Issued on"},
	"certificate.until":  {ZH: "有效期至", EN: "Valid until"},
	"certificate.body":   {ZH: "登记机构", EN: "Registry body"},
	"certificate.call":   {ZH: "赋码请求的 SHA-256", EN: "SHA-256 of the signed call that issued it"},
	"certificate.term":   {ZH: "%s（%s 至 %s，依据授权 %s）", EN: "%s (%s to %s, by license %s)"},
	"certificate.list":   {ZH: "依据多项授权，见授权列表", EN: "By several licenses: see the list of licenses"},
	"certificate.none":   {ZH: "无", EN: "Nobody"},
	"certificate.formal": {
		ZH: "登记机构仅作形式审核（办法第十一条）。本凭证为公共数据资源登记结果，不是数据产权登记凭证，不证明数据产权归属。",
		EN: "The registry body examined the form only (article 11 of the measures). This is the result of a registration of public data resources. It is not a certificate of property in data, and it proves no ownership.",
	},
	"certificate.verify": {ZH: "离线核验：", EN: "Check it offline:"},
	"problem.given":      {ZH: "所填", EN: "Given"},
	"problem.allowed":    {ZH: "允许", EN: "Allowed"},
	"problem.rule":       {ZH: "规则", EN: "Rule"},
}

// Page returns a text of the pages, and whether there is one with that key.
func Page(lang, key string) (string, bool) {
	w, ok := pages[key]
	return Of(lang, w), ok
}

// PageKeys returns the keys of the texts of the pages, in no order.
func PageKeys() []string { return slices.Collect(maps.Keys(pages)) }
