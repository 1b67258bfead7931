package ledger

import (
	"slices"
	"strings"
)

// Ref is the reference of a record: its kind, a slash, its id ("license/0199…").
type Ref string

// Kinds of record, as used in references.
const (
	KindParty       = "party"
	KindDeposit     = "deposit" // id: the hash
	KindApplication = "application"
	KindSubmission  = "submission" // id: the payload hash of the call that submitted it
	KindNotice      = "notice"     // id: the application's id
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
	KindClock       = "clock"
	KindGenesis     = "genesis"
	KindReceipt     = "receipt" // id: the leaf hash; receipts are not on the ledger
	KindFile        = "file"    // id: the SHA-256 of content
)

// RefTo returns the reference of the record of a kind with an id.
func RefTo[T ~string](kind string, id T) Ref { return Ref(kind + "/" + string(id)) }

// Kind returns the part before the slash.
func (r Ref) Kind() string { k, _, _ := strings.Cut(string(r), "/"); return k }

// ID returns the part after the slash.
func (r Ref) ID() string { _, id, _ := strings.Cut(string(r), "/"); return id }

// Validate checks that the reference has one of kinds and a UUID.
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

// Link says that the record From is based on the record To, for example a license
// on the offer's implementer, or an order on a product. Rel is the word for the
// relation.
type Link struct {
	From Ref    `json:"from" zh:"依据他者的记录" en:"record that is based on the other"`
	Rel  string `json:"rel" zh:"关系" en:"how it does"`
	To   Ref    `json:"to" zh:"被依据的记录" en:"record that it is based on"`
}

// State keys. The key of a record is its reference. Index keys and the keys of call
// records have other forms.

// RecordKey returns the key of a record.
func RecordKey(r Ref) string { return string(r) }

// callPrefix is the prefix of the keys of recorded calls.
const callPrefix = "call/"

// IsCallKey reports whether a key belongs to a recorded call. Digests of reads and
// writes leave these keys out.
func IsCallKey(key string) bool { return strings.HasPrefix(key, callPrefix) }

// CallKey returns the key of a recorded call, under which its first result is
// stored.
func CallKey(party, call ID) string { return callPrefix + string(party) + "/" + string(call) }

// KeyRef returns the reference of the record of a public key.
func KeyRef(kid KeyID) Ref { return RefTo(KindKey, kid) }

// SignKeysKey returns the key of the index of a party's valid sign keys. Only calls
// that add or end keys read and write it.
func SignKeysKey(party ID) string { return "keys/" + string(party) }

// EnvironmentKey returns the key of the index from a public key to its environment.
func EnvironmentKey(kid KeyID) string { return "environment_key/" + string(kid) }

// USCCKey returns the index key that makes a unified social credit code unique.
func USCCKey(u USCC) string { return "uscc/" + string(u) }

// TitleKey returns the index key that makes a holder's title unique (duplicate).
// The folded title is hashed, so that the key is short.
func TitleKey(holder ID, folded string) string {
	return "title/" + string(holder) + "/" + string(DigestOf([]byte(folded)))
}

// CodeKey returns the key of the index from a code to its entry, which also makes
// the code unique.
func CodeKey(code string) string { return "code/" + code }

// ClockRef is the reference of the record of a simulated clock.
const ClockRef Ref = "clock/clock"

// GenesisRef is the reference of the genesis record.
const GenesisRef Ref = "genesis/genesis"
