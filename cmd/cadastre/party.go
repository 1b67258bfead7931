package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type partyCmd struct {
	Apply applyCmd     `cmd:"" zh:"生成准入申请，以身份文件的密钥签署" en:"Print the party's application for admission, signed with the profile's key."`
	Admit admitCmd     `cmd:"" zh:"准入已核验身份的单位（数据管理部门）" en:"Admit a party whose identity you have checked (data authority)." example:"cadastre party admit holder.jws --profile authority.json"`
	Show  partyShowCmd `cmd:"" zh:"查看单位" en:"Show a party." example:"cadastre party show --profile holder.json\ncadastre party show ID --json"`
	List  partyListCmd `cmd:"" zh:"列出单位" en:"List parties." example:"cadastre party list --role operator"`

	kong.Plugins // the plain acts (fill)

	AddKey     addKeyCmd     `cmd:"" zh:"增加一把密钥，如另一位经办人的" en:"Add a key, such as that of another person."`
	RotateKey  rotateKeyCmd  `cmd:"" zh:"以新密钥替换身份文件的密钥" en:"Replace the key of the profile with a new one."`
	RevokeKey  revokeKeyCmd  `cmd:"" zh:"立即停用密钥" en:"Revoke a key at once." example:"cadastre party revoke-key KID --reason compromised --profile holder.json"`
	StoredKeys storedKeysCmd `cmd:"" zh:"节点为本单位保管的密钥" en:"Keys that the node stores for the party."`
	ProveKey   proveKeyCmd   `cmd:"" zh:"生成新密钥的占有证明，供 replace-key 使用" en:"Print the proof of possession of a new key, for replace-key."`
	ReplaceKey replaceKeyCmd `cmd:"" zh:"以新密钥替换遗失的密钥（数据管理部门）" en:"Replace a lost key with a new one (data authority)." example:"cadastre party replace-key proof.json --party ID --reason lost --profile authority.json"`
}

type applyCmd struct {
	Name       string           `required:"" zh:"单位全称" en:"Full name." placeholder:"NAME"`
	USCC       ledger.USCC      `name:"uscc" required:"" zh:"统一社会信用代码" en:"Unified social credit code." placeholder:"CODE"`
	Kind       ledger.PartyKind `required:"" zh:"单位类型" en:"Kind of party" values:"party_kinds" placeholder:"KIND"`
	Role       []ledger.Role    `required:"" zh:"角色" en:"Roles" values:"roles" placeholder:"ROLE"`
	Region     ledger.Region    `required:"" zh:"区划（GB/T 2260）" en:"Region, GB/T 2260." placeholder:"CODE"`
	Affiliates []ledger.USCC    `zh:"关联方的统一社会信用代码：不得购买该运营机构授权范围内的产品（规范第六条）" en:"Codes of affiliates, which may not buy within the operator's own scope (article 6 of the rules)." placeholder:"CODE"`
	Key        []string         `zh:"一并登记其密钥的本单位其他身份文件，如仅用于令牌的" en:"Further profiles of the party whose keys are registered too, such as one for tokens only." type:"existingfile" placeholder:"FILE"`
}

// Page shows the steps from the key to the admission.
func (applyCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre party apply --profile holder.json --name 市交通运输局 --uscc 11430300MB0A00001L --kind organ --role holder --region 430300 > holder.jws"},
		{
			ZH: "将 holder.jws 交给数据管理部门，由其运行：", EN: "Give holder.jws to the data authority, which runs:",
			Lines: "cadastre party admit holder.jws --profile authority.json",
		},
	}
}

// Run signs the application. The signature proves that the party has the key.
func (c *applyCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	key, err := prof.Signer()
	if err != nil {
		return err
	}
	a := ledger.PartyProfile{
		ID: prof.Party, Name: c.Name, USCC: c.USCC, Kind: c.Kind, Roles: c.Role, Region: c.Region,
		Affiliates: append([]ledger.USCC{}, c.Affiliates...), Keys: []ledger.NewKeyArg{newKeyArg(prof, key)},
	}
	for _, file := range c.Key {
		more, err := client.LoadProfile(file)
		if err != nil {
			return err
		}
		if more.Party != prof.Party {
			return fmt.Errorf(p.say("%s 属于另一单位：请用 keygen --party %s 生成", "%s belongs to another party: make it with keygen --party %s"), file, prof.Party)
		}
		k, err := more.Signer()
		if err != nil {
			return err
		}
		a.Keys = append(a.Keys, newKeyArg(more, k))
	}
	jws, err := ledger.SignProfile(key, a)
	if err != nil {
		return err
	}
	return p.line("%s", jws)
}

func newKeyArg(prof client.Profile, key *ledger.Key) ledger.NewKeyArg {
	use := prof.Use
	if use == "" {
		use = ledger.UseSign
	}
	return ledger.NewKeyArg{JWK: key.Public(), Use: use, Custody: ledger.CustodySelf}
}

type admitCmd struct {
	File string `arg:"" zh:"该单位的准入申请；- 为标准输入" en:"The party's application; - is standard input."`
	writing
}

// Run prints what the application says, then admits the party.
func (c *admitCmd) Run(p *program) error {
	b, err := readFile(c.File, maxArgs)
	if err != nil {
		return err
	}
	jws := strings.TrimSpace(string(b))
	a, err := ledger.ParseProfile(ledger.Standard(), jws)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	var roles []string
	for _, r := range a.Roles {
		roles = append(roles, words.EnumWord(p.Lang, "roles", r))
	}
	fmt.Fprintf(p.err, "%s  %s  %s  %s\n", words.Printable(a.Name), a.USCC, a.Region, strings.Join(roles, p.say("、", ", ")))
	if a.Origin != "" {
		fmt.Fprintf(p.err, "%s %s %s\n", p.say("节点", "node"), a.Origin, a.URL)
	}
	return p.call(ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
}

type partyShowCmd struct {
	ID ledger.ID `arg:"" optional:"" zh:"单位编号；默认为身份文件的单位" en:"Id; by default the party of the profile."`
}

// Run shows a party.
func (c *partyShowCmd) Run(p *program) error {
	if c.ID == "" {
		prof, err := p.profile()
		if err != nil {
			return err
		}
		c.ID = prof.Party
	}
	return p.show(at("parties", c.ID), wire.PublicParty{})
}

type partyListCmd struct {
	Role ledger.Role `zh:"只列具有此角色的" en:"Only parties with this role" values:"roles" placeholder:"ROLE"`
	Name string      `zh:"只列名称完全一致的单位" en:"Only the party with exactly this name." placeholder:"NAME"`
	paging
}

// Run lists parties.
func (c *partyListCmd) Run(p *program) error {
	return p.list(c.query("/v1/parties", "role", string(c.Role), "name", c.Name), wire.PublicParty{}, "id", "name", "uscc", "region", "roles")
}

type addKeyCmd struct {
	Key string `arg:"" zh:"keygen --party 生成的身份文件，其密钥待登记" en:"Profile made by keygen --party, whose key is to be registered." type:"existingfile"`
	writing
}

// Page shows how a second person gets a separate key.
func (addKeyCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre keygen --out second.json --party ID --url URL\ncadastre party add-key second.json --profile body.json"},
		{
			ZH: "受理与审核、审核与赋码不得用同一把密钥签署（演示账本除外）：登记机构至少需要两把，由两人各自保管。",
			EN: "The same key may not sign acceptance and examination, nor examination and coding (demonstrations excepted): a registry body needs at least two, each stored by another person.",
		},
	}
}

// Run registers the key, with a signature of both keys.
func (c *addKeyCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	added, err := client.LoadProfile(c.Key)
	if err != nil {
		return err
	}
	key, err := added.Signer()
	if err != nil {
		return err
	}
	proof, err := ledger.SignRotation(key, ledger.RotationProof{Ledger: prof.Ledger, Party: prof.Party})
	if err != nil {
		return err
	}
	return p.call(ledger.FnKeyAdd, ledger.KeyAddArgs{New: newKeyArg(added, key), Proof: proof})
}

type rotateKeyCmd struct{ writing }

// Page describes what happens to the file.
func (rotateKeyCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre party rotate-key --profile holder.json"},
		{
			ZH: "新密钥在登记之前存于 holder.json.next，登记之后成为 holder.json。若命令被中断，再次运行即可。",
			EN: "The new key is stored in holder.json.next before it is registered, and in holder.json afterwards. If the command is interrupted, run it again.",
		},
	}
}

// Run registers a new key with a signature of both keys.
func (rotateKeyCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	next, key, again, err := nextProfile(p, prof)
	if err != nil {
		return err
	}
	proof, err := ledger.SignRotation(key, ledger.RotationProof{Ledger: prof.Ledger, Party: prof.Party, Old: prof.Kid})
	if err != nil {
		return err
	}
	err = p.call(ledger.FnKeyRotate, ledger.KeyRotateArgs{Old: prof.Kid, New: newKeyArg(next, key), Proof: proof})
	ended := again && ledger.AsError(err) != nil && ledger.AsError(err).Reason == ledger.ReasonKeyEnded
	if err != nil && (p.checking || !ended) {
		return err
	}
	if err := errors.Join(next.Save(p.Profile), remove(p.Profile+".next")); err != nil {
		return err
	}
	if p.JSON {
		return nil
	}
	return p.line("%s  %s", p.say("新密钥", "New key"), next.Kid)
}

type revokeKeyCmd struct {
	Kid    ledger.KeyID `arg:"" zh:"密钥的编号" en:"Id of the key."`
	Party  ledger.ID    `zh:"密钥所属单位；默认为本单位（数据管理部门可停用任何单位的密钥）" en:"Party whose key it is; by default your own (the data authority may revoke any key)." placeholder:"ID"`
	Reason string       `zh:"原因" en:"Reason" values:"key_reasons" enum:"lost,compromised,retired" default:"retired"`
	writing
}

// Run revokes the key.
func (c *revokeKeyCmd) Run(p *program) error {
	a, err := p.actor()
	if err != nil {
		return err
	}
	if c.Party == "" {
		c.Party = a.Profile().Party
	}
	return p.callBy(a, ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: c.Party, Kid: c.Kid, Reason: c.Reason})
}

type proveKeyCmd struct {
	Old ledger.KeyID `required:"" zh:"遗失的密钥的编号" en:"Id of the lost key." placeholder:"KID"`
}

// Page shows all steps after a key is lost.
func (proveKeyCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre keygen --out new.json --party ID --url URL\ncadastre party prove-key --old KID --profile new.json > proof.json"},
		{
			ZH: "再由数据管理部门：", EN: "Then the data authority:",
			Lines: "cadastre party replace-key proof.json --party ID --reason lost --profile authority.json",
		},
	}
}

// Run prints the input of replace-key.
func (c *proveKeyCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	key, err := prof.Signer()
	if err != nil {
		return err
	}
	proof, err := ledger.SignRotation(key, ledger.RotationProof{Ledger: prof.Ledger, Party: prof.Party, Old: c.Old})
	if err != nil {
		return err
	}
	return p.json(ledger.KeyRotateArgs{Old: c.Old, New: newKeyArg(prof, key), Proof: proof})
}

type replaceKeyCmd struct {
	Proof  string    `arg:"" zh:"prove-key 的输出；- 为标准输入" en:"Output of prove-key; - is standard input."`
	Party  ledger.ID `required:"" zh:"密钥所属单位" en:"Party whose key it is." placeholder:"ID"`
	Reason string    `zh:"原因" en:"Reason" values:"replace_reasons" enum:"lost,compromised" default:"lost"`
	writing
}

// Run replaces the key.
func (c *replaceKeyCmd) Run(p *program) error {
	var a ledger.KeyRotateArgs
	if err := readArgs(c.Proof, &a); err != nil {
		return err
	}
	return p.call(ledger.FnKeyReplace, ledger.KeyReplaceArgs{Party: c.Party, Old: a.Old, New: a.New, Proof: a.Proof, Reason: c.Reason})
}
