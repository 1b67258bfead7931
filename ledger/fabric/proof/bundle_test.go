package proof_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// source makes bundles from a ledger in memory and peers that sign by hand.
type source struct {
	*world
	ledger *ledgertest.Memory
	calls  []ledger.Committed
}

// Writer implements evidence.Source.
func (s *source) Writer(_ context.Context, key string, before ledger.Position) (at ledger.Position, ok bool, err error) {
	for _, c := range s.calls {
		if c.Position.Compare(before) < 0 && slices.ContainsFunc(c.Writes, func(w ledger.Write) bool { return w.Key == key }) {
			at, ok = c.Position, true
		}
	}
	return at, ok, nil
}

// Writes implements evidence.Source.
func (s *source) Writes(_ context.Context, at ledger.Position) ([]ledger.Write, error) {
	return s.calls[at.Block].Writes, nil
}

// Open implements evidence.Source.
func (s *source) Open(context.Context) (evidence.ProofSet, ledger.Position, error) {
	return evidence.ProofSet{Kind: proof.Kind, Common: json.RawMessage(`{}`)}, ledger.Position{Block: uint64(len(s.calls))}, nil
}

// Receipts implements evidence.Source.
func (s *source) Receipts(context.Context, ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	return nil, nil
}

// Prove implements evidence.Source.
func (s *source) Prove(ctx context.Context, at ledger.Position) (evidence.Proven, error) {
	c := s.calls[at.Block]
	var record ledger.CallRecord
	if b, err := s.ledger.Value(ctx, ledger.CallKey(c.Event.Party, c.Event.Call)); err != nil {
		return evidence.Proven{}, err
	} else if err := json.Unmarshal(b, &record); err != nil {
		return evidence.Proven{}, err
	}
	raw, err := s.signed(s.about(c.JWS, record, c.Position), 2).Encode()
	return evidence.Proven{Proof: raw, Writes: c.Writes}, err
}

func checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{proof.Kind: proof.Checker{}}
}

// TestBundle makes a bundle about a license out of proofs of this kind, and
// checks it with nothing but the trust file.
func TestBundle(t *testing.T) {
	now := func() time.Time { return noon }
	p := ledgertest.NewWorld(t, now)
	m := ledgertest.NewMemory(now, p.Genesis)
	p.Begin(t, m)
	implementer, operator := p.Admitted(t, m, ledger.RoleImplementer), p.Admitted(t, m, ledger.RoleOperator)
	p.Admitted(t, m, ledger.RoleHolder)
	args := terms(p, implementer, operator)
	offer := p.Call(t, implementer, ledger.FnLicenseOffer, args)
	ledgertest.Must(t, m, offer)
	id := args.ID
	accept := p.Call(t, operator, ledger.FnLicenseAccept, ledger.AnswerArgs{ID: id, Answers: ledgertest.Parse(t, offer).Payload})
	ledgertest.Must(t, m, accept)
	license := ledgertest.Read[ledger.License](t, m, ledger.RefTo(ledger.KindLicense, id))

	s := &source{world: newWorld(t), ledger: m}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for b, err := range m.Blocks(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if s.calls = append(s.calls, b.Calls...); s.calls[len(s.calls)-1].Event.Call == license.Cite.Call {
			break
		}
	}
	trust := evidence.Trust{
		Ledger: p.Ledger, Genesis: ledger.DigestOf([]byte(p.Genesis)), Logs: []string{}, Fabric: s.trustFile(),
	}
	about := ledger.RefTo(ledger.KindLicense, id)
	b, _, err := evidence.Build(t.Context(), s, about, trust, ledger.Standard(), checkers())
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	report, err := evidence.Verify(data, trust, ledger.Standard(), checkers())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Steps) != 5 || report.Steps[4].Function != ledger.FnLicenseAccept {
		t.Errorf("proved %+v, want genesis, two admissions, offer and acceptance", report.Steps)
	}
	proofsChangePlaces(t, b, trust)
	trust.Fabric = newWorld(t).trustFile()
	if _, err := evidence.Verify(data, trust, ledger.Standard(), checkers()); err == nil {
		t.Error("the bundle holds with another network's authorities")
	}
}

// proofsChangePlaces checks that the bundle fails where the proofs of a call and of the
// one before it change places.
func proofsChangePlaces(t *testing.T, b evidence.Bundle, trust evidence.Trust) {
	t.Helper()
	for i := 1; i < len(b.Calls); i++ {
		b.Calls[i].Proof, b.Calls[i-1].Proof = b.Calls[i-1].Proof, b.Calls[i].Proof
		data, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.Verify(data, trust, ledger.Standard(), checkers()); err == nil {
			t.Errorf("the proofs of calls %d and %d changed places, and the bundle still holds", i-1, i)
		}
		b.Calls[i].Proof, b.Calls[i-1].Proof = b.Calls[i-1].Proof, b.Calls[i].Proof
	}
}

func terms(w *ledgertest.World, implementer, operator *ledgertest.Member) ledger.LicenseOfferArgs {
	parties := map[string]ledger.ID{"implementer": implementer.ID, "operator": operator.ID, "license": ledger.DeriveID("license", string(w.Ledger))}
	s := ledgertest.Story{
		ID: func(name string) ledger.ID { return parties[name] }, Today: func() time.Time { return noon }, Region: ledgertest.Region,
		Purposes: []ledger.Purpose{{Class: ledger.Industry}},
	}
	return s.Offer("license", "implementer", "operator")
}
