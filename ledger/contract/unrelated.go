package contract

import (
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// A license names up to 500 resources, its environments and an older license. A
// bundle of evidence about one order needs few of these records, and the others
// belong to other holders. So the verifier of a bundle sets Env.Unrelated, and the
// rule of license.offer skips the unrelated records. A ledger never skips any.

// namedKinds are the kinds of record that are read only because a license names
// them. A bundle shows unrelated ones by key and digest.
var namedKinds = []string{
	ledger.KindResource, ledger.KindEntry, ledger.KindApplication, ledger.KindSubmission, ledger.KindEnvironment, ledger.KindLicense,
}

// groupKinds are the kinds of group record, with the reason why they are unrelated to
// every bundle: they would bring in calls that have nothing to do with its subject,
// most of them of other parties. Only an audit proves a guard that reads them. A bundle
// shows them by key and digest.
var groupKinds = map[string]string{
	"bodies":          "an admission would bring in every registry body of its region",
	"affiliate":       "an admission would bring in those of all affiliated parties",
	"affiliation":     "an admission would bring in those of all affiliated parties",
	"file":            "content of a product would bring in the resources of others with the same file",
	"licenses_of":     "an order would bring in every license that its buyer ever accepted",
	"product_content": "an order would bring in every file that its product ever had",
}

// UnrelatedKind reports whether records of a key's kind may be unrelated to the
// subject of a bundle of evidence, and whether they always are.
func UnrelatedKind(key string) (may, always bool) {
	kind := ledger.Ref(key).Kind()
	_, always = groupKinds[kind]
	return always || slices.Contains(namedKinds, kind), always
}

// Begins returns the record that a call creates if a license may name that record,
// or "".
func Begins(call ledger.Call) ledger.Ref {
	var args struct {
		ID       ledger.ID `json:"id"`
		Resource struct {
			ID ledger.ID `json:"id"`
		} `json:"resource"`
	}
	begins, ok := map[ledger.Function]func() ledger.Ref{
		ledger.FnAppSubmit:      func() ledger.Ref { return resourceRef(args.Resource.ID) },
		ledger.FnLicenseOffer:   func() ledger.Ref { return licenseRef(args.ID) },
		ledger.FnEnvironmentSet: func() ledger.Ref { return ledger.RefTo(ledger.KindEnvironment, args.ID) },
	}[call.Function]
	if !ok || json.Unmarshal(call.Args, &args) != nil {
		return ""
	}
	return begins()
}

// skips reports whether a record is unrelated, and counts the unrelated records.
func (t *tx) skips(ref ledger.Ref) bool {
	if t.env.Unrelated == nil || !t.env.Unrelated(ledger.RecordKey(ref)) {
		return false
	}
	t.unrelated++
	return true
}

// readGroup reads a group record for the guards that refuse with the given reasons. If
// the record is unrelated, known is false, and the call goes on without these guards.
func readGroup[T any](t *tx, key string, guards ...ledger.Reason) (value T, known bool, err error) {
	if t.env.Unrelated != nil && t.env.Unrelated(key) {
		t.unread = append(t.unread, key)
		t.unproved = append(t.unproved, guards...)
		return value, false, nil
	}
	value, _, err = read[T](t.state, key)
	return value, true, err
}

// changeGroup writes the group record that change returns for the recorded one, if it
// says that it differs.
func changeGroup[T any](t *tx, key string, change func(T) (T, bool)) error {
	value, known, err := readGroup[T](t, key)
	if err != nil {
		return err
	}
	if !known {
		t.unwritten = append(t.unwritten, key)
		return nil
	}
	if value, differs := change(value); differs {
		return t.setIndex(key, value)
	}
	return nil
}
