package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// examples are how a command is used, by its path, for those that need no more
// words; a command with a Help of its own shows it there.
var examples = map[string]string{ //nolint:gosec // it takes kid and auth for credentials
	"genesis sign": "cadastre genesis sign genesis.request --profile authority.json --name 某市数据局 --uscc 11430300MB0A00001L --recovery recovery.json > genesis.jws",
	"serve":        "cadastre serve --dir D\ncadastre serve --dir D --listen :8443 --tls-cert cert.pem --tls-key key.pem\ncadastre serve --dir D --log-entries public\nKeys of an S3 store that node.json names no file for: CADASTRE_S3_ACCESS_KEY, CADASTRE_S3_SECRET_KEY, CADASTRE_S3_SESSION_TOKEN.",

	"party admit":       "cadastre party admit holder.jws --profile authority.json",
	"party show":        "cadastre party show --profile holder.json\ncadastre party show ID --json",
	"party list":        "cadastre party list --role operator",
	"party revoke-key":  "cadastre party revoke-key KID --reason compromised --profile holder.json",
	"party replace-key": "cadastre party replace-key proof.json --party ID --reason lost --profile authority.json",

	"registry show":              "cadastre registry show ID",
	"registry certificate":       "cadastre registry certificate 430300-1-20261125-PKHW08AS-J",
	"registry notices":           "cadastre registry notices --limit 100",
	"registry applications list": "cadastre registry applications list --state submitted --profile body.json",
	"registry applications show": "cadastre registry applications show ID --profile body.json --json",
	"registry resubmit":          "cadastre registry resubmit application.json --profile holder.json",
	"registry refuse":            "cadastre registry refuse ID --reason source_unlawful --profile body.json",
	"registry pass":              "cadastre registry pass ID --profile body.json",
	"registry fail":              "cadastre registry fail ID --reason nonconforming --profile body.json",
	"registry decide":            "cadastre registry decide ID --objection ID --reason 证据不足 --profile body.json\ncadastre registry decide ID --objection ID --upheld --reason 权属有争议 --profile body.json",
	"registry code":              "cadastre registry code ID --profile body.json",

	"license show":             "cadastre license show ID",
	"license list":             "cadastre license list --operator ID --state accepted",
	"license environment set":  "cadastre license environment set proof.json --region 430300 --attestation report.pdf --profile implementer.json",
	"license environment show": "cadastre license environment show ID --profile operator.json",

	"product list":           "cadastre product list 工程机械 --state listed",
	"product show":           "cadastre product show ID --json",
	"product change":         "cadastre product change product.json --profile operator.json",
	"product content remove": "cadastre product content remove ID --subject product/ID --profile operator.json",
	"product content list":   "cadastre product content list product/ID\ncadastre product content list resource/ID --profile holder.json",

	"order show": "cadastre order show ID --profile buyer.json",
	"order list": "cadastre order list --state active --profile buyer.json",

	"verify":           "cadastre verify evidence.json --trust trust.json\ncadastre verify evidence.json --trust trust.json --json",
	"calendar propose": "cadastre calendar propose 2026 > 2026.json",
	"calendar due":     "cadastre calendar due --from 2026-09-14 --days 20 --json",
	"calendar set":     "cadastre calendar set 2026 --profile authority.json",
	"version":          "cadastre version --json",
}

// exemplify gives every command its example, line by line as it is written: kong
// would run the lines together.
func exemplify(n *kong.Node) {
	if n.Type == kong.CommandNode && len(n.Children) == 0 {
		text := n.Detail
		if text == "" {
			text = examples[path(n)]
		}
		n.Detail = "Example:\n\n    " + strings.ReplaceAll(text, "\n", "\n    ")
	}
	for _, c := range n.Children {
		exemplify(c)
	}
}

// path is a command's name with those above it.
func path(n *kong.Node) string {
	if n.Parent == nil || n.Parent.Type == kong.ApplicationNode {
		return n.Name
	}
	return path(n.Parent) + " " + n.Name
}
