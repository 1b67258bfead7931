package evidence

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// wrote stores which records a call wrote, from its event.
func (a *act) wrote(event []byte) error {
	var e ledger.Event
	if err := json.Unmarshal(event, &e); err != nil {
		return fmt.Errorf("event of %s: %w", a.at, err)
	}
	for _, r := range e.Records {
		a.what = append(a.what, r.Ref)
	}
	return nil
}

// summary returns the report of what was proved.
func (v *verification) summary() Report {
	r := Report{
		Ledger: v.bundle.Ledger, Name: v.genesis.Name, Demo: v.genesis.Demo, About: v.bundle.About,
		Steps: []Step{}, Files: []File{}, Rights: []Right{}, Receipts: []Delivery{}, Unrelated: v.skipped, Audits: v.audits,
		Records: map[ledger.Ref]json.RawMessage{},
	}
	for _, a := range v.calls {
		c := a.signed.Call
		s := Signer{Party: c.Party, Name: v.name(c.Party), Kid: a.signed.JWS.Header.Kid, Custody: a.custody}
		r.Steps = append(r.Steps, Step{
			Position: a.Position, Time: a.Time, Function: c.Function, Party: c.Party, Name: s.Name, Payload: a.signed.Payload,
			What: append([]ledger.Ref{}, a.what...), Custody: a.custody,
		})
		if !slices.Contains(r.Custody, s) {
			r.Custody = append(r.Custody, s)
		}
	}
	kinds := ledger.Kinds()
	for _, key := range slices.Sorted(maps.Keys(v.state)) {
		ref := ledger.Ref(key)
		if _, ok := kinds[ref.Kind()]; ok && v.state[key].bytes != nil {
			r.Records[ref] = v.state[key].bytes
		}
		switch ref.Kind() {
		case ledger.KindLog:
			if l, ok, err := load[ledger.LogRecord](v, ref); err == nil && ok && l.Begun != nil {
				r.Restored = append(r.Restored, l.Restored())
			}
		case ledger.KindContent:
			if c, ok, err := load[ledger.Content](v, ref); err == nil && ok {
				r.Files = append(r.Files, File{Content: c.ID, Subject: c.Subject, SHA256: c.SHA256, Bytes: c.Bytes, Name: c.Name})
			}
		case ledger.KindGrant:
			if g, ok, err := load[ledger.Grant](v, ref); err == nil && ok && v.isEffective(g) {
				r.Rights = append(r.Rights, Right{
					Right: g.Right, Party: g.Party, Name: v.name(g.Party), Scope: g.Scope, From: g.From, Until: g.Until, Basis: g.Basis,
				})
			}
		}
	}
	for _, d := range v.judged {
		s, e := d.start, d.end
		r.Receipts = append(r.Receipts, Delivery{
			Log: s.log, Flow: s.Flow, Start: s.hash, End: e.hash, Began: s.Time, Ended: e.Time, Party: s.Party,
			SHA256: s.SHA256, Offset: s.Offset, Bytes: e.Bytes, BytesMax: e.BytesMax, Outcome: e.Outcome,
		})
	}
	r.Unproved = v.onlyAudit()
	r.NotProven = r.notProven()
	return r
}

// onlyAudit returns the refusals that rest on group records. The list is empty if an
// auditor has replayed the log.
func (v *verification) onlyAudit() []ledger.Reason {
	if len(v.audits) > 0 {
		return []ledger.Reason{}
	}
	list := append([]ledger.Reason{}, v.unproved...)
	if slices.ContainsFunc(v.judged, func(d *delivery) bool { return d.start.Flow == ledger.Delivery }) {
		list = append(list, ledger.ReasonRawContent)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// name returns the name of a party; "" if the party is not in the bundle.
func (v *verification) name(id ledger.ID) string {
	p, _, err := load[ledger.Party](v, ledger.RefTo(ledger.KindParty, id))
	if err != nil {
		return ""
	}
	return p.Name
}

// effectiveStates are the states of a record in which the rights based on it are
// valid.
var effectiveStates = []string{
	string(ledger.EntryActive), string(ledger.LicenseAccepted), string(ledger.OrderActive), string(ledger.OrderFulfilled),
}

// isEffective reports whether nothing in the bundle suspends or ends the basis of a
// right.
func (v *verification) isEffective(g ledger.Grant) bool {
	basis, ok, err := load[struct {
		State       string              `json:"state"`
		Suspensions []ledger.Suspension `json:"suspensions"`
	}](v, g.Basis)
	return err == nil && ok && slices.Contains(effectiveStates, basis.State) && len(basis.Suspensions) == 0
}
