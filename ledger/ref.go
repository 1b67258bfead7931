package ledger

import (
	"slices"
	"strings"
)

// Ref names a record: its kind, a slash, its id ("license/0199…").
type Ref string

// Kinds of record that references name.
const (
	KindParty       = "party"
	KindDeposit     = "deposit" // id: the hash
	KindApplication = "application"
	KindSubmission  = "submission" // id: the payload hash of the call that submitted it
	KindResource    = "resource"
	KindEntry       = "entry"
	KindGrant       = "grant"
	KindLicense     = "license"
	KindEnvironment = "environment"
	KindProduct     = "product"
	KindContent     = "content" // id: the content's id
	KindOrder       = "order"
	KindCalendar    = "calendar" // id: the year
	KindLog         = "log"      // id: the log's origin
	KindAnchor      = "anchor"   // id: the log's origin
	KindKey         = "key"      // id: the key's thumbprint
	KindGenesis     = "genesis"
	KindReceipt     = "receipt" // id: the leaf hash; receipts are not on the ledger
	KindFile        = "file"    // id: the SHA-256 of content
)

// RefTo names the record of kind and id.
func RefTo[T ~string](kind string, id T) Ref { return Ref(kind + "/" + string(id)) }

// Kind is the part before the slash.
func (r Ref) Kind() string { k, _, _ := strings.Cut(string(r), "/"); return k }

// ID is the part after the slash.
func (r Ref) ID() string { _, id, _ := strings.Cut(string(r), "/"); return id }

// Validate holds the reference to one of kinds and a UUID.
func (r Ref) Validate(field string, kinds ...string) error {
	kind, id, _ := strings.Cut(string(r), "/")
	rule := ID(id).broken()
	if !slices.Contains(kinds, kind) {
		rule = "enum"
	}
	if rule == "" {
		return nil
	}
	return wrongText(field, string(r), rule, refWords(kinds))
}

func refWords(kinds []string) string { return "KIND/ID, KIND one of " + strings.Join(kinds, ", ") }

// Link says that From rests on To: a license on the offer's implementer, an
// order on a product. Rel is the word for it.
type Link struct {
	From Ref    `json:"from" zh:"依据他者的记录" en:"record that rests on the other"`
	Rel  string `json:"rel" zh:"关系" en:"how it does"`
	To   Ref    `json:"to" zh:"被依据的记录" en:"record that it rests on"`
}

// State keys. Records are kept under their reference; index keys and call
// records have forms of their own.

// RecordKey is the key of a record.
func RecordKey(r Ref) string { return string(r) }

// callPrefix begins the keys of recorded calls.
const callPrefix = "call/"

// IsCallKey reports whether a key is that of a recorded call, which no digest of
// reads or writes covers.
func IsCallKey(key string) bool { return strings.HasPrefix(key, callPrefix) }

// CallKey is the key of a recorded call: idempotency, and the first result.
func CallKey(party, call ID) string { return callPrefix + string(party) + "/" + string(call) }

// KeyRef is the reference of the record of a public key.
func KeyRef(kid KeyID) Ref { return RefTo(KindKey, kid) }

// SignKeysKey is the key under which the ids of a party's valid sign keys are kept.
// Only calls that begin or end keys read and write it.
func SignKeysKey(party ID) string { return "keys/" + string(party) }

// EnvironmentKey is the key under which the environment of a public key is found.
func EnvironmentKey(kid KeyID) string { return "environment_key/" + string(kid) }

// USCCKey keeps a unified social credit code unique.
func USCCKey(u USCC) string { return "uscc/" + string(u) }

// TitleKey keeps holder and title unique (domain §2.6 duplicate). The title is
// hashed after folding, so that the key is short.
func TitleKey(holder ID, folded string) string {
	return "title/" + string(holder) + "/" + string(DigestOf([]byte(folded)))
}

// CodeKey keeps a code unique and leads from it to its entry.
func CodeKey(code string) string { return "code/" + code }

// GenesisRef is the reference of the genesis record.
const GenesisRef Ref = "genesis/genesis"
