package main

import (
	"strings"
	"unicode"

	"github.com/alecthomas/kong"
)

// chinese are the commands in Chinese, by their path. A command that follows from
// the table of acts has its title there.
var chinese = map[string]string{ //nolint:gosec // it takes token for credentials
	"init":              "建立节点的文件夹、密钥与创世请求；加 --demo 则同时创建演示账本",
	"genesis":           "签署新账本的创世请求（在数据管理部门自己的机器上）",
	"genesis sign":      "签署节点的 genesis.request",
	"serve":             "运行节点",
	"demo":              "在新节点上实时演示全流程",
	"keygen":            "生成密钥与身份文件",
	"token":             "生成访问本节点的令牌",
	"fetch":             "取回订单所购内容，断线可续传，并核对哈希",
	"trace":             "从文件、回执、订单、产品、资源或编码追溯其所依据的权利",
	"verify":            "离线核验证据包",
	"audit":             "重放整个账本并逐一判定交付：按节点地址，或按其文件夹",
	"acts":              "列出账本的全部功能：谁可办理、对何种记录、结果如何",
	"call":              "以 JSON 文件为参数签署并提交任一请求",
	"rotate-master-key": "为已停止的节点更换主密钥，并重新密封其保管的一切",
	"bench":             "在本机测量账本性能",
	"bench ledger":      "测量账本：请求、导入与回执",
	"version":           "显示版本",

	"party":             "单位：申请准入、准入、查询、暂停与恢复",
	"party apply":       "生成准入申请，以身份文件的密钥签署",
	"party admit":       "准入已核验身份的单位（数据管理部门）",
	"party show":        "查看单位",
	"party list":        "列出单位",
	"party rotate-key":  "以新密钥替换身份文件的密钥",
	"party revoke-key":  "立即停用密钥",
	"party prove-key":   "生成新密钥的占有证明，供 replace-key 使用",
	"party replace-key": "以新密钥替换遗失的密钥（数据管理部门）",

	"registry":                   "登记：检索、导入、申请与凭证",
	"registry search":            "检索已登记的资源",
	"registry show":              "查看资源",
	"registry certificate":       "按编码查看登记凭证",
	"registry notices":           "列出公示",
	"registry applications":      "登记申请",
	"registry applications list": "列出登记申请",
	"registry applications show": "查看登记申请",
	"registry import":            "为目录中的每条记录申请登记",
	"registry deposit":           "申请之前先存证哈希（办法第七条）",
	"registry submit":            "申请资源的首次登记",
	"registry resubmit":          "按补正告知重新提交全部申请",
	"registry return":            "一次性告知全部应补正事项（登记机构）",
	"registry refuse":            "不予受理（登记机构）",
	"registry pass":              "形式审核通过并公示（登记机构）",
	"registry fail":              "形式审核不通过（登记机构）",
	"registry object":            "对公示实名提出异议",
	"registry decide":            "处理异议（登记机构）",
	"registry code":              "赋码，完成登记（登记机构）",

	"license":                   "授权：要约、接受、暂停、恢复、终止与判定说明",
	"license offer":             "向运营机构发出授权要约（实施机构）",
	"license show":              "查看授权",
	"license list":              "列出授权",
	"license explain":           "询问某单位可否为某用途使用某资源，及其理由",
	"license supply":            "将资源内容取入受控环境，断线可续传",
	"license environment":       "受控环境",
	"license environment prove": "生成受控环境密钥的占有证明（运营机构）",
	"license environment set":   "登记受控环境或其新密钥（实施机构）",
	"license environment show":  "查看受控环境",

	"policy":         "可见性：谁可查看什么",
	"policy explain": "说明某单位是否可查看某记录，由可见性表的哪一行决定",

	"product":                "产品与内容",
	"product list":           "列出产品",
	"product show":           "查看产品",
	"product publish":        "上架产品（运营机构）",
	"product change":         "上架产品的新版本",
	"product content":        "资源与产品的内容",
	"product content add":    "上传文件并登记为内容",
	"product content remove": "停止供给与交付某一内容；其记录保留",
	"product content list":   "列出资源或产品的内容",

	"order":                 "订单",
	"order place":           "订购产品（需求方）",
	"order confirm-payment": "确认订单已付款（运营机构）",
	"order show":            "查看订单",
	"order list":            "列出本单位的订单",

	"calendar":         "工作日：拟定年度安排、推算期限",
	"calendar propose": "按国务院办公厅放假安排生成该年的请求参数",
	"calendar due":     "按工作日推算期限最后一日",
	"calendar set":     "登记年度工作日安排（数据管理部门）",
}

// speakBoth puts the Chinese of a command behind its English.
func speakBoth(n *kong.Node) {
	if zh := chinese[path(n)]; zh != "" && n.Type == kong.CommandNode && !hasHan(n.Help) {
		n.Help = strings.TrimSuffix(n.Help, ".") + ". " + zh + "。"
	}
	for _, c := range n.Children {
		speakBoth(c)
	}
}

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
