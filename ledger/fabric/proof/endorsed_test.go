package proof_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// TestEndorsed checks transactions of blocks against the quorum. Endorsements may
// be in any order, and invalid ones may be among them.
func TestEndorsed(t *testing.T) {
	w := newWorld(t)
	stranger := newMember(t, "StrangerMSP")
	check, err := proof.OpenEndorsed(w.trustFile())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(a *asking)
		sign func(p *proof.Proof)
		want string // "": it is valid
	}{
		"by two":                      {},
		"by two, the other way round": {sign: func(p *proof.Proof) { slices.Reverse(p.Endorsements) }},
		"by two and a stranger": {sign: func(p *proof.Proof) {
			p.Endorsements = append([]proof.Endorsement{stranger.endorse(t, stranger.peer, p.Answer)}, p.Endorsements...)
		}},
		"by one":       {sign: func(p *proof.Proof) { p.Endorsements = p.Endorsements[:1] }, want: "by 1 organizations"},
		"by one twice": {sign: func(p *proof.Proof) { p.Endorsements[1] = p.Endorsements[0] }, want: "by 1 organizations"},
		"by two peers of one": {sign: func(p *proof.Proof) {
			m := w.members[0]
			p.Endorsements[1] = m.endorse(t, issue(t, m.ca, template("peer2", "peer")), p.Answer)
		}, want: "by 1 organizations"},
		"by one and a stranger": {sign: func(p *proof.Proof) {
			p.Endorsements[1] = stranger.endorse(t, stranger.peer, p.Answer)
		}, want: "not in the trust file"},
		"of another answer": {sign: func(p *proof.Proof) {
			p.Endorsements[1] = w.members[1].endorse(t, w.members[1].peer, []byte("x"))
		}, want: "by 1 organizations"},
		"by a client": {sign: func(p *proof.Proof) {
			m := w.members[1]
			p.Endorsements[1] = m.endorse(t, issue(t, m.ca, template("user", "client")), p.Answer)
		}, want: "not a peer's certificate"},
		"another channel":        {edit: func(a *asking) { a.channel = "other" }, want: "channel"},
		"another chaincode":      {edit: func(a *asking) { a.chaincode = "other" }, want: "chaincode"},
		"another chaincode ran":  {edit: func(a *asking) { a.ran = "other" }, want: "chaincode"},
		"to another question":    {edit: func(a *asking) { a.hash = make([]byte, 32) }, want: "another question"},
		"a failure":              {edit: func(a *asking) { a.status = 500 }, want: "status 500"},
		"after the certificates": {edit: func(a *asking) { a.at = noon.Add(365 * 24 * time.Hour) }, want: "by 0 organizations"},
	} {
		t.Run(name, func(t *testing.T) {
			a := recorded(t, w)
			if c.edit != nil {
				c.edit(a)
			}
			p := w.signed(a, 2)
			if c.sign != nil {
				c.sign(&p)
			}
			err := check.Check(p)
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
