package evidence

import (
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// matters is the table of what a bundle may be about: for each kind of record, the
// other records that the report reads. A bundle about a receipt is about the
// delivery of that receipt.
var matters = map[string]func(raw json.RawMessage) ([]ledger.Ref, error){
	ledger.KindOrder: alone, ledger.KindLicense: alone, ledger.KindEnvironment: alone,
	ledger.KindDeposit: alone, ledger.KindNotice: alone, ledger.KindReceipt: alone,
	ledger.KindParty:       resting(func(p ledger.Party) []ledger.Ref { return []ledger.Ref{ledger.Ref(ledger.SignKeysKey(p.ID))} }),
	ledger.KindApplication: resting(func(a ledger.Application) []ledger.Ref { return []ledger.Ref{ledger.SubmissionRef(a.SubmitPayload)} }),
	ledger.KindEntry:       resting(func(e ledger.Entry) []ledger.Ref { return []ledger.Ref{ledger.SubmissionRef(e.SubjectHash)} }),
	ledger.KindResource: resting(func(r ledger.ResourceIndex) []ledger.Ref {
		if r.Entry == "" {
			return []ledger.Ref{ledger.RefTo(ledger.KindApplication, r.Application)}
		}
		return []ledger.Ref{ledger.RefTo(ledger.KindEntry, r.Entry)}
	}),
	ledger.KindProduct: resting(func(p ledger.Product) []ledger.Ref {
		refs := []ledger.Ref{ledger.RefTo(ledger.KindLicense, p.License)}
		for _, id := range p.Sources {
			refs = append(refs, ledger.RefTo(ledger.KindResource, id))
		}
		return refs
	}),
	ledger.KindContent: resting(func(c ledger.Content) []ledger.Ref { return []ledger.Ref{c.Subject} }),
}

func alone(json.RawMessage) ([]ledger.Ref, error) { return nil, nil }

func resting[R any](on func(R) []ledger.Ref) func(json.RawMessage) ([]ledger.Ref, error) {
	return func(raw json.RawMessage) ([]ledger.Ref, error) {
		var r R
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		return on(r), nil
	}
}

// readMatter reads from the state what the report of a bundle about ref needs.
func readMatter(state contract.State, ref ledger.Ref) error {
	raw, ok, err := state.Get(ledger.RecordKey(ref))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("record %s: %w", ref, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about"))
	}
	rests, ok := matters[ref.Kind()]
	if !ok {
		return nil // part of another matter: a submission, or the keys of a party
	}
	on, err := rests(raw)
	if err != nil {
		return fmt.Errorf("record %s: %w", ref, err)
	}
	for _, next := range on {
		if err := readMatter(state, next); err != nil {
			return err
		}
	}
	return nil
}

// load reads a record by its key.
func load[R any](state contract.State, ref ledger.Ref) (record R, ok bool, err error) {
	raw, ok, err := state.Get(ledger.RecordKey(ref))
	if err != nil || !ok {
		return record, false, err
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return record, false, fmt.Errorf("record %s: %w", ref, err)
	}
	return record, true, nil
}
