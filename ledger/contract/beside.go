package contract

import (
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// A license names up to 500 resources, environments and an older license. Of these
// a bundle of evidence about one order needs few; the others would bring other
// holders' records into it. So its verifier sets Env.Beside, and the rule of
// license.offer skips what is beside the matter. A ledger never does.

// namedKinds are the kinds of record that only the look at what a license names
// reads: a bundle shows them by key and digest.
var namedKinds = []string{
	ledger.KindResource, ledger.KindEntry, ledger.KindApplication, ledger.KindSubmission, ledger.KindEnvironment, ledger.KindLicense,
}

// groupKinds are the kinds of key that many parties write. They are beside every
// bundle, since its matter would lead through them to strangers: a guard that
// reads them is proved by an audit alone. Each kind is named here with its reason:
// bodies, the registry bodies of a region; affiliate and affiliation, who belongs
// together with whom; file, which resources and products have the same bytes;
// licenses_of, every license that a party accepted.
var groupKinds = []string{"bodies", "affiliate", "affiliation", "file", "licenses_of"}

// BesideKind reports whether records of a key's kind may be beside the matter of a
// bundle of evidence, and whether they always are.
func BesideKind(key string) (may, always bool) {
	kind := ledger.Ref(key).Kind()
	always = slices.Contains(groupKinds, kind)
	return always || slices.Contains(namedKinds, kind), always
}

// Begins returns the record that a call begins and that a license may name, or "".
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

// besides reports whether a record is beside the matter, and counts those that are.
func (t *tx) besides(ref ledger.Ref) bool {
	if t.env.Beside == nil || !t.env.Beside(ledger.RecordKey(ref)) {
		return false
	}
	t.beside++
	return true
}
