package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// SignProfile signs a party's application for admission: its profile, signed by one
// of the keys that the profile names.
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

// ParseProfile decodes an application for admission and checks that it is signed by
// a key that it names.
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

// SignRotation signs the proof of possession of a new key.
func SignRotation(key *Key, p RotationProof) (string, error) { return signAs(key, TypeRotation, p) }

// CheckRotation checks a proof of possession of a new key against its required
// content.
func CheckRotation(algs Algorithms, compact string, key JWK, want RotationProof) error {
	var got RotationProof
	return checkProof(algs, compact, TypeRotation, key, &got, func() bool { return got == want })
}

// SignEnvironment signs an environment's proof of possession of its key.
func SignEnvironment(key *Key, p EnvironmentProof) (string, error) {
	return signAs(key, TypeEnvironment, p)
}

// CheckEnvironment checks an environment's proof of possession against its required
// content.
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

// Validate checks the form of the arguments that create a ledger.
func (a GenesisArgs) Validate() error { return CheckForm("", &a) }

// rules checks the limits, the version of the rules and the authority's role.
func (a GenesisArgs) rules(f *faults) {
	f.refuse(a.Limits.check(a.Demo))
	if a.Clock != "" && !a.Demo {
		f.refuse(Invalid("clock", "clock_of_demonstration").With("value", string(a.Clock)))
	}
	if a.Rules != 1 {
		f.refuse(Invalid("rules", "known_rules").With("value", strconv.Itoa(a.Rules)).With("allowed", "1"))
	}
	if f.sound("authority.roles") && !slices.Contains(a.Authority.Roles, RoleDataAuthority) {
		f.refuse(Invalid("authority.roles", "data_authority"))
	}
}

// check refuses periods longer than the law allows, and a notice period other than
// 10 working days. On a demonstration ledger each may be shorter, and all may be 0.
func (l Limits) check(demo bool) error {
	law := StatutoryLimits()
	var errs []error
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
		switch {
		case demo && c.days == 0 && !l.Zero():
			errs = append(errs, Invalid("limits."+c.field, "all_zero_or_all_longer").With("value", "0"))
		case c.days > c.law || c.days < 0 || c.days == 0 && !demo:
			errs = append(errs, Invalid("limits."+c.field, "not_longer_than_law").
				With("value", strconv.Itoa(c.days)).With("max", strconv.Itoa(c.law)))
		case c.field == "notice_days" && c.days != c.law && !demo:
			errs = append(errs, Invalid("limits.notice_days", "R12").With("value", strconv.Itoa(c.days)).With("allowed", strconv.Itoa(c.law)))
		}
	}
	return Join(errs...)
}

// Validate checks the form.
func (a PartyAdmitArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a TargetArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a KeyAddArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a KeyRotateArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a KeyRevokeArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a KeyReplaceArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a CalendarArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a AdvanceArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a AnchorArgs) Validate() error { return CheckForm("", &a) }
