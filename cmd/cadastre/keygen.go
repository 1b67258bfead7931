package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type keygenCmd struct {
	Out         string        `required:"" zh:"要写入的身份文件，仅本人可读（0600）" en:"Profile file to write, readable by its owner only (0600)." placeholder:"FILE"`
	Ledger      ledger.ID     `zh:"账本的编号；默认向 --url 的节点询问" en:"Id of the ledger; by default that of the node at --url." placeholder:"ID"`
	Origin      string        `zh:"节点标识，即令牌的受众；默认向节点询问" en:"Origin of the node, which is the audience of tokens; by default that of the node at --url." placeholder:"ORIGIN"`
	Party       ledger.ID     `zh:"密钥所属单位；默认为新单位" en:"Party whose key it is; by default a new party." placeholder:"ID"`
	Name        string        `zh:"单位名称，仅供自己辨认；--use cosign 时为密钥名称，人人可见" en:"Name of the party, for your own use; with --use cosign the name of the key, which is public." placeholder:"NAME"`
	Use         ledger.KeyUse `zh:"密钥用途：sign（请求与令牌）、auth（仅令牌）、cosign（检查点，供 audit --sign）或 backup（打开备份）" en:"What the key is for: sign (calls and tokens), auth (tokens only), cosign (checkpoints, for audit --sign) or backup (it opens backups)." enum:"sign,auth,cosign,backup" default:"sign"`
	Environment ledger.ID     `zh:"生成运营机构（--party）该受控环境的密钥；new 为新生成编号" en:"Make the key of this controlled environment of the operator --party; \"new\" makes a new id." placeholder:"ID"`
}

// Page shows how to make each kind of key.
func (keygenCmd) Page() terminal.Page {
	return terminal.Page{
		{ZH: "单位的密钥：", EN: "A party's key:", Lines: "cadastre keygen --out holder.json --url http://127.0.0.1:8480 --name 市交通运输局"},
		{ZH: "不经节点：", EN: "Without the node:", Lines: "cadastre keygen --out holder.json --ledger ID --origin data.example.gov.cn"},
		{ZH: "受控环境的密钥：", EN: "An environment's key:", Lines: "cadastre keygen --out sandbox.json --party OPERATOR --environment new --url URL"},
		{ZH: "审计方的密钥：", EN: "An auditor's key:", Lines: "cadastre keygen --use cosign --out auditor.key --name audit.example.gov.cn"},
		{ZH: "备份的密钥，保存在节点之外：", EN: "A key for backups, stored elsewhere than on the node:", Lines: "cadastre keygen --use backup --out backup.identity"},
		{
			ZH: "然后运行 cadastre party apply --profile holder.json …，请数据管理部门准入。密钥不离开该文件；已有的文件不会被覆盖。",
			EN: "Then run cadastre party apply --profile holder.json ..., and ask the data authority to admit you. The key never leaves the file. An existing file is never overwritten.",
		},
	}
}

// Run makes the key and stores it.
func (c *keygenCmd) Run(p *program) error {
	if _, err := os.Lstat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(p.say("%s 已存在，其中可能有密钥：请换一个文件名", "%s exists already and may contain a key: name another file"), c.Out)
	}
	switch c.Use {
	case useCosign:
		return c.cosigner(p)
	case useBackup:
		return c.recipient(p)
	default: // a key of a party
	}
	prof, err := c.profile(p)
	if err != nil {
		return err
	}
	key, err := ledger.NewKey()
	if err != nil {
		return err
	}
	if err := errors.Join(prof.SetKey(key), prof.Save(c.Out)); err != nil {
		return err
	}
	if p.JSON {
		m := map[string]any{"profile": c.Out, "kid": key.ID(), "party": prof.Party, "ledger": prof.Ledger, "jwk": key.Public(), "use": c.Use}
		if prof.Environment != "" {
			m["environment"] = prof.Environment
		}
		return p.json(m)
	}
	rows := [][]string{{p.say("密钥", "key"), string(key.ID())}, {p.say("单位", "party"), string(prof.Party)}}
	if prof.Environment != "" {
		rows = append(rows, []string{p.say("受控环境", "environment"), string(prof.Environment)})
	}
	if err := terminal.Table(p.out, rows); err != nil {
		return err
	}
	if prof.Environment != "" {
		return p.line("%s", fmt.Sprintf(p.say("下一步：cadastre license environment prove --profile %s",
			"Next: cadastre license environment prove --profile %s"), c.Out))
	}
	return p.line("%s", fmt.Sprintf(p.say("下一步：cadastre party apply --profile %s …", "Next: cadastre party apply --profile %s ..."), c.Out))
}

// Uses of keys that belong to no party.
const (
	useCosign ledger.KeyUse = "cosign"
	useBackup ledger.KeyUse = "backup"
)

// recipient makes a key pair for backups, and prints its public half.
func (c *keygenCmd) recipient(p *program) error {
	recipient, err := backup.NewIdentity(c.Out)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(map[string]string{"identity": c.Out, "recipient": recipient})
	}
	return p.line("%s\n%s", recipient, fmt.Sprintf(p.say("下一步：将 %s 移至节点之外；在节点上运行 cadastre backup 目标 --dir D --recipient %s",
		"Next: move %s away from the node; on the node: cadastre backup TARGET --dir D --recipient %s"), c.Out, recipient))
}

// cosigner makes the key of an auditor, and prints its entry for trust files.
func (c *keygenCmd) cosigner(p *program) error {
	if c.Name == "" {
		return errors.New(p.say("请用 --name 给密钥命名，如 audit.example.gov.cn：不含空白和加号", "name the key with --name, such as audit.example.gov.cn: no white space, no plus sign"))
	}
	key, err := client.NewAuditorKey(c.Out, c.Name)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(key.AsAuditor())
	}
	line, err := json.Marshal(key.AsAuditor())
	if err != nil {
		return words.Errorf("编写审计方：%v", "encode auditor: %v", err)
	}
	return p.line("%s\n%s", fmt.Sprintf(p.say("交核验者写入信任文件：\"auditors\": [%s]", `For the trust files of those who rely on you: "auditors": [%s]`), line),
		fmt.Sprintf(p.say("下一步：cadastre audit 网址 --trust trust.json --profile 监管身份文件 --sign %s", "Next: cadastre audit URL --trust trust.json --profile regulator.json --sign %s"), c.Out))
}

func (c *keygenCmd) profile(p *program) (client.Profile, error) {
	prof := client.Profile{URL: p.URL, Origin: c.Origin, Ledger: c.Ledger, Party: c.Party, Name: c.Name, Environment: c.Environment}
	if c.Use == ledger.UseAuth {
		prof.Use = c.Use
	}
	if prof.URL == "" {
		prof.URL = "http://" + defaultListen
	}
	if prof.Environment != "" && prof.Party == "" {
		return prof, errors.New(p.say("请用 --party 指明该环境所属的运营机构", "name the operator of the environment with --party"))
	}
	if prof.Environment == "new" {
		prof.Environment = client.NewID()
	}
	if prof.Party == "" {
		prof.Party = client.NewID()
	}
	if err := about(p, &prof); err != nil {
		return prof, err
	}
	if prof.Environment != "" {
		if err := prof.Environment.Validate("environment"); err != nil {
			return prof, err
		}
	}
	return prof, ledger.First(prof.Ledger.Validate("ledger"), prof.Party.Validate("party"), ledger.CheckToken("origin", prof.Origin, 200))
}

// about asks the node for its ledger and origin if they are not given.
func about(p *program, prof *client.Profile) error {
	if prof.Ledger != "" && prof.Origin != "" {
		return nil
	}
	c, err := p.clientOf(client.Profile{URL: prof.URL})
	if err != nil {
		return err
	}
	var a wire.About
	if err := c.Get(p.ctx, "/v1/about", &a); err != nil {
		return fmt.Errorf("%s: %w", p.say("无法向节点询问账本标识；也可用 --ledger 与 --origin 直接给出",
			"the node could not be asked for its ledger; you can also give --ledger and --origin"), err)
	}
	if prof.Ledger == "" {
		prof.Ledger = a.Ledger
	}
	if prof.Origin == "" {
		prof.Origin = a.Origin
	}
	return nil
}
