package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
)

// SignProfile makes a party's application for admission: its profile, signed by
// one of the keys that it names.
func SignProfile(key *Key, p PartyProfile) (string, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	return signAs(key, TypeAdmission, p)
}

func signAs(key *Key, typ string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", typ, err)
	}
	return SignJWS(key, typ, b)
}

// ParseProfile reads an application for admission and checks that it is signed
// by a key it names.
func ParseProfile(algs Algorithms, compact string) (PartyProfile, error) {
	var p PartyProfile
	j, err := ParseJWS(compact, TypeAdmission, MaxCall)
	if err != nil {
		return p, prefix(err, "application")
	}
	if err := First(DecodeStrict(j.Payload, &p), p.Validate()); err != nil {
		return p, prefix(err, "application")
	}
	for _, k := range p.Keys {
		if k.JWK.Thumbprint() == j.Header.Kid {
			if err := j.Verify(algs, k.JWK); err != nil {
				return p, prefix(err, "application")
			}
			return p, nil
		}
	}
	return p, Refuse(Forbidden, ReasonKey).At("application.header.kid")
}

// SignRotation makes the proof of possession of a new key.
func SignRotation(key *Key, p RotationProof) (string, error) { return signAs(key, TypeRotation, p) }

// CheckRotation checks a proof of possession against what it must say.
func CheckRotation(algs Algorithms, compact string, key JWK, want RotationProof) error {
	var got RotationProof
	return checkProof(algs, compact, TypeRotation, key, &got, func() bool { return got == want })
}

// SignEnvironment makes an environment's proof of possession of its key.
func SignEnvironment(key *Key, p EnvironmentProof) (string, error) {
	return signAs(key, TypeEnvironment, p)
}

// CheckEnvironment checks an environment's proof against what it must say.
func CheckEnvironment(algs Algorithms, compact string, key JWK, want EnvironmentProof) error {
	var got EnvironmentProof
	return checkProof(algs, compact, TypeEnvironment, key, &got, func() bool { return got == want })
}

func checkProof(algs Algorithms, compact, typ string, key JWK, v any, same func() bool) error {
	j, err := ParseJWS(compact, typ, 4<<10)
	if err != nil {
		return prefix(err, "proof")
	}
	if err := DecodeStrict(j.Payload, v); err != nil {
		return prefix(err, "proof")
	}
	if err := j.Verify(algs, key); err != nil {
		return prefix(err, "proof")
	}
	if !same() {
		return Invalid("proof", "names_another")
	}
	return nil
}

// LedgerLog and ReceiptLog are the origins of a node's two logs.
func LedgerLog(origin string) string { return origin + "/log/ledger" }

// ReceiptLog is the origin of the receipt log of the node at origin.
func ReceiptLog(origin string) string { return origin + "/log/receipts" }

// Validate checks the form of all that begins a ledger.
func (a GenesisArgs) Validate() error {
	if err := First(a.Ledger.Validate("ledger"), CheckText("name", a.Name, 1, MaxName), a.Region.Validate("region"),
		CheckToken("origin", a.Origin, 200), prefixed("authority", a.Authority.Validate()), a.Recovery.Validate("recovery"),
		OneOf("gate", a.Gate, []Gate{GateStrict, GateGrace}), a.Limits.check(a.Demo)); err != nil {
		return err
	}
	if a.Rules != 1 {
		return Invalid("rules", "known_rules")
	}
	if len(a.LedgerKey) > 300 {
		return Invalid("ledger_key", "max_length")
	}
	if slices.Contains(a.Authority.Roles, RoleDataAuthority) {
		return nil
	}
	return Invalid("authority.roles", "data_authority")
}

// check refuses limits longer than the law's and a notice other than 10 working
// days; on a demo ledger each may also be shorter, down to 0 (protocol §6).
func (l Limits) check(demo bool) error {
	law := StatutoryLimits()
	for _, c := range []struct {
		field     string
		days, law int
	}{
		{"accept_days", l.Accept, law.Accept},
		{"exam_days", l.Exam, law.Exam},
		{"notice_days", l.Notice, law.Notice},
		{"objection_days", l.Objection, law.Objection},
		{"code_days", l.Code, law.Code},
		{"resubmit_days", l.Resubmit, law.Resubmit},
	} {
		if c.days > c.law || c.days < 0 || c.days == 0 && !demo {
			return Invalid("limits."+c.field, "not_longer_than_law")
		}
	}
	if l.Notice != law.Notice && !demo {
		return Invalid("limits.notice_days", "R12")
	}
	return nil
}

// Validate checks the form.
func (a PartyAdmitArgs) Validate() error {
	if a.Application == "" {
		return Invalid("application", "required")
	}
	return nil
}

var keyReasons = []string{"lost", "compromised", "retired"}

// Validate checks the form.
func (a KeyRotateArgs) Validate() error {
	return First(a.Old.Validate("old"), a.New.Validate("new"))
}

// Validate checks the form.
func (a KeyRevokeArgs) Validate() error {
	return First(a.Party.Validate("party"), a.Kid.Validate("kid"), OneOf("reason", a.Reason, keyReasons))
}

// Validate checks the form.
func (a KeyReplaceArgs) Validate() error {
	return First(a.Party.Validate("party"), a.Old.Validate("old"), a.New.Validate("new"), OneOf("reason", a.Reason, keyReasons[:2]))
}

// Validate checks the form.
func (a CalendarArgs) Validate() error {
	if a.Year < 2000 || a.Year > 2200 {
		return Invalid("year", "2000_to_2200")
	}
	if err := First(CheckList("off", a.Off, 1, 60), CheckList("work", a.Work, 0, 60), CheckText("source", a.Source, 1, 200)); err != nil {
		return err
	}
	for i, d := range a.Off {
		if err := d.Validate(at("off", i)); err != nil {
			return err
		}
	}
	for i, d := range a.Work {
		if err := d.Validate(at("work", i)); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks the form.
func (a AnchorArgs) Validate() error {
	if err := First(CheckToken("log", a.Log, 250), a.Root.Validate("root")); err != nil {
		return err
	}
	if a.Size < 1 {
		return Invalid("size", "at_least_1")
	}
	if len(a.Proof) > 64 {
		return Invalid("consistency_proof", "max_members")
	}
	for i, d := range a.Proof {
		if err := d.Validate(at("consistency_proof", i)); err != nil {
			return err
		}
	}
	return nil
}

func prefixed(at string, err error) error {
	if err == nil {
		return nil
	}
	return prefix(err, at)
}
