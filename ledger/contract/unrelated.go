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

// groupKinds are the kinds of key that many parties write. They are unrelated to
// every bundle, since they would bring in the calls of other parties; only an audit
// proves a guard that reads them. The kinds are: bodies, the registry bodies of a
// region; affiliate and affiliation, which parties are affiliated; file, the
// resources and products with the same bytes; licenses_of, every license that a
// party accepted.
var groupKinds = []string{"bodies", "affiliate", "affiliation", "file", "licenses_of"}

// UnrelatedKind reports whether records of a key's kind may be unrelated to the
// subject of a bundle of evidence, and whether they always are.
func UnrelatedKind(key string) (may, always bool) {
	kind := ledger.Ref(key).Kind()
	always = slices.Contains(groupKinds, kind)
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
