package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type partyCmd struct {
	Apply applyCmd     `cmd:"" help:"Print the party's application for admission, signed with the profile's key."`
	Admit admitCmd     `cmd:"" help:"Admit a party whose identity you have checked (data authority)."`
	Show  partyShowCmd `cmd:"" help:"Show a party."`
	List  partyListCmd `cmd:"" help:"List parties."`

	kong.Plugins // the plain acts (fill)

	RotateKey  rotateKeyCmd  `cmd:"" help:"Replace the profile's own key by a fresh one."`
	RevokeKey  revokeKeyCmd  `cmd:"" help:"End a key at once."`
	ProveKey   proveKeyCmd   `cmd:"" help:"Print the proof that the profile holds a new key, for replace-key."`
	ReplaceKey replaceKeyCmd `cmd:"" help:"Put a new key for a lost one (data authority)."`
}

type applyCmd struct {
	Name       string           `required:"" help:"Full name." placeholder:"NAME"`
	USCC       ledger.USCC      `name:"uscc" required:"" help:"Unified social credit code." placeholder:"CODE"`
	Kind       ledger.PartyKind `required:"" help:"organ, institution, utility or enterprise." placeholder:"KIND"`
	Role       []ledger.Role    `required:"" help:"Roles: holder registry_body data_authority grantor implementer operator buyer assessor regulator." placeholder:"ROLE,..."`
	Region     ledger.Region    `required:"" help:"Region, GB/T 2260." placeholder:"CODE"`
	Affiliates []ledger.USCC    `help:"Codes of affiliates: they never buy within the operator's own scope (O6)." placeholder:"CODE,..."`
	Key        []string         `help:"Further profiles of the party whose keys it registers, such as one for tokens only." type:"existingfile" placeholder:"FILE"`
}

// Help shows the way from key to admission.
func (applyCmd) Help() string {
	return `cadastre party apply --profile holder.json --name 市交通运输局 --uscc 11430300MB0A00001L \
    --kind organ --role holder --region 430300 > holder.jws
Hand holder.jws to the data authority, which runs: cadastre party admit holder.jws --profile authority.json`
}

// Run signs the application; the signature proves that the party holds the key.
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
			return fmt.Errorf(p.say("%s 属于另一单位：请用 keygen --party %s 生成", "%s is another party's: make it with keygen --party %s"), file, prof.Party)
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
	File string `arg:"" help:"The party's application; - is standard input."`
	writing
}

// Run admits what the application says, after showing it.
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
	fmt.Fprintf(p.err, "%s %s %s %v\n", printable(a.Name), a.USCC, a.Region, a.Roles)
	if a.Origin != "" {
		fmt.Fprintf(p.err, "%s %s %s\n", p.say("节点", "node"), a.Origin, a.URL)
	}
	return p.call(ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
}

type partyShowCmd struct {
	ID ledger.ID `arg:"" optional:"" help:"Id; the profile's own party unless told."`
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
	return p.show(at("parties", c.ID))
}

type partyListCmd struct {
	Role ledger.Role `help:"Only those of this role." placeholder:"ROLE"`
	Name string      `help:"Only the one of exactly this name." placeholder:"NAME"`
	paging
}

// Run lists parties.
func (c *partyListCmd) Run(p *program) error {
	return p.list(c.query("/v1/parties", "role", string(c.Role), "name", c.Name), "id", "name", "uscc", "region", "roles")
}

type rotateKeyCmd struct{ writing }

// Help says what happens to the file.
func (rotateKeyCmd) Help() string {
	return `cadastre party rotate-key --profile holder.json
The new key is kept in holder.json.next before it is registered, and becomes
holder.json afterwards. If the command is interrupted, run it again.`
}

// Run registers a fresh key, signed over by it and by the old one.
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
	if err := errors.Join(next.Keep(p.Profile), remove(p.Profile+".next")); err != nil {
		return err
	}
	if p.JSON {
		return nil
	}
	return p.line("kid  %s", next.Kid)
}

type revokeKeyCmd struct {
	Kid    ledger.KeyID `arg:"" help:"Id of the key."`
	Party  ledger.ID    `help:"Whose key it is; your own unless told (the data authority ends anyone's)." placeholder:"ID"`
	Reason string       `help:"lost, compromised or retired." enum:"lost,compromised,retired" default:"retired"`
	writing
}

// Run ends the key.
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
	Old ledger.KeyID `required:"" help:"The key that was lost." placeholder:"KID"`
}

// Help shows the whole way back from a lost key.
func (proveKeyCmd) Help() string {
	return `cadastre keygen --out new.json --party ID --url URL
cadastre party prove-key --old KID --profile new.json > proof.json
and the data authority: cadastre party replace-key proof.json --party ID --reason lost --profile authority.json`
}

// Run prints what replace-key takes.
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
	Proof  string    `arg:"" help:"What prove-key printed; - is standard input."`
	Party  ledger.ID `required:"" help:"Whose key it is." placeholder:"ID"`
	Reason string    `help:"lost or compromised." enum:"lost,compromised" default:"lost"`
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
