package ledger

import "slices"

// Purpose is what a license or order is for.
type Purpose struct {
	Class PurposeClass `json:"class"`
	Code  string       `json:"code"` // a word of [a-z0-9_]; in a license empty means any of the class
}

// Document is a text by hash.
type Document struct {
	Title    string `json:"title"`
	Number   string `json:"number"`
	SHA256   Digest `json:"document_hash"`
	SignedOn Date   `json:"signed_on"`
}

// Selection is how the operator was chosen (O12).
type Selection struct {
	Method string `json:"method"` // open_tender invited_tender negotiation other
	Date   Date   `json:"date"`
	SHA256 Digest `json:"hash"`
}

// Decision is the collective decision behind a license (三重一大, O11, O13).
type Decision struct {
	MinutesNo string `json:"minutes_no"`
	Date      Date   `json:"date"`
	SHA256    Digest `json:"hash"`
}

// Quota are the limits of a license or order; 0 is none.
type Quota struct {
	Uses  int64 `json:"uses"`
	Bytes int64 `json:"bytes"`
}

// LicenseTerms are all that an offer says (protocol §8, domain §6.6).
type LicenseTerms struct {
	ID           ID        `json:"id"`
	Mode         Mode      `json:"mode"`
	Region       Region    `json:"region"`
	Domains      []string  `json:"domains"`
	Resources    []ID      `json:"resource_ids"`
	Excluded     []ID      `json:"excluded"`
	Purposes     []Purpose `json:"purpose"`
	Actions      []string  `json:"actions"` // use derive aggregate distribute
	Assigner     ID        `json:"assigner"`
	Assignee     ID        `json:"assignee"`
	Plan         ID        `json:"plan_id,omitempty"` // empty: transitional
	Agreement    ID        `json:"agreement_id,omitempty"`
	Basis        Document  `json:"basis"`
	Selection    Selection `json:"selection"`
	Decision     Decision  `json:"decision"`
	FilingNo     string    `json:"filing_no,omitempty"`
	Clauses      Digest    `json:"clauses,omitempty"`
	StartOn      Date      `json:"start_on"`
	EndOn        Date      `json:"end_on"` // inclusive; < start + 5 years (O14(2))
	Limits       Quota     `json:"limits"`
	Environments []ID      `json:"environments"`
	Affiliates   []USCC    `json:"affiliates"`
	Supersedes   ID        `json:"supersedes,omitempty"`
}

// Actions is the closed list of actions of a license.
func Actions() []string { return []string{"use", "derive", "aggregate", "distribute"} }

// LicenseState is where a license stands (domain §3.2, from its offer on).
type LicenseState string

// States of a license. Begun, expired and suspended follow from time and suspensions.
const (
	LicenseOffered    LicenseState = "offered"
	LicenseAccepted   LicenseState = "accepted"
	LicenseTerminated LicenseState = "terminated"
)

// License is the record of an authorization.
type License struct {
	LicenseTerms
	State       LicenseState `json:"state"`
	OfferCite   Cite         `json:"offer"`
	Suspensions []Suspension `json:"suspensions"`
	Ground      string       `json:"ground,omitempty"` // of termination
	EndedAt     Millis       `json:"ended_at,omitempty"`
	Cite        Cite         `json:"cite"`
}

// Effective reports whether the license counts on day.
func (l License) Effective(day Date) bool {
	return l.State == LicenseAccepted && len(l.Suspensions) == 0 && l.StartOn <= day && day <= l.EndOn
}

// Covers reports whether the license, as it is recorded and whatever its state,
// covers a resource for a purpose (domain §3.2). Deny overrides: an excluded
// resource is never covered. A purpose of "" class asks for any.
func (l LicenseTerms) Covers(f Facts, p Purpose) bool {
	if !l.Region.Covers(f.Region) || contains(l.Excluded, f.Resource) || f.Level == Core {
		return false
	}
	switch l.Mode {
	case Domain:
		if !contains(l.Domains, f.Domain) {
			return false
		}
	case Scenario:
		if !contains(l.Resources, f.Resource) {
			return false
		}
	case Whole:
	default:
		return false
	}
	return p.Class == "" || l.Allows(p)
}

// Allows reports whether the license's purposes hold p.
func (l LicenseTerms) Allows(p Purpose) bool { return allows(l.Purposes, p) }

func allows(list []Purpose, p Purpose) bool {
	for _, q := range list {
		if q.Class == p.Class && (q.Code == "" || q.Code == p.Code) {
			return true
		}
	}
	return false
}

func contains[T comparable](list []T, v T) bool {
	return slices.Contains(list, v)
}

// LicenseOfferArgs offer a license.
type LicenseOfferArgs struct {
	LicenseTerms
}

// AnswerArgs answer another party's record: license.accept, order.cancel.
type AnswerArgs struct {
	ID      ID     `json:"id"`
	Answers Digest `json:"answers"`
}

// EnvironmentProof is what the operator's environment key signs (TypeEnvironment).
type EnvironmentProof struct {
	Ledger   ID `json:"ledger"`
	ID       ID `json:"id"`
	Operator ID `json:"operator"`
}

// EnvironmentArgs put a controlled environment on record (O15). Proof is the
// operator's JWS, made with the environment's key: possession.
type EnvironmentArgs struct {
	ID          ID     `json:"id"`
	Operator    ID     `json:"operator"`
	Region      Region `json:"region"`
	Attestation Digest `json:"attestation_hash"`
	Key         JWK    `json:"key"`
	Proof       string `json:"proof"`
}

// Environment is the record of an operator's controlled environment.
type Environment struct {
	ID          ID     `json:"id"`
	Operator    ID     `json:"operator"`
	Region      Region `json:"region"`
	Attestation Digest `json:"attestation_hash"`
	Key         JWK    `json:"key"`
	Kid         KeyID  `json:"kid"`
	SetBy       ID     `json:"set_by"`
	Cite        Cite   `json:"cite"`
}
