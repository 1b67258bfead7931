package ledger

import (
	"slices"
	"strings"
)

// KeyUse is what a key may sign (protocol §3).
type KeyUse string

// Custody says who holds a key.
type Custody string

// Uses and custody of keys. An auth key signs no call.
const (
	UseSign KeyUse = "sign" // calls
	UseAuth KeyUse = "auth" // tokens

	CustodySelf Custody = "self"
	CustodyNode Custody = "node"
)

// KeyRecord is a public key of a party: what it may sign, who keeps it, and
// from when until when it counts. Until 0 is open.
type KeyRecord struct {
	Kid     KeyID   `json:"kid"`
	JWK     JWK     `json:"jwk"`
	Use     KeyUse  `json:"use"`
	Custody Custody `json:"custody"`
	From    Millis  `json:"from"`
	Until   Millis  `json:"until"`
}

// Valid reports whether the key counts at t.
func (k KeyRecord) Valid(t Millis) bool { return k.From <= t && (k.Until == 0 || t < k.Until) }

// NewKeyArg is a key as it is asked for, before it counts.
type NewKeyArg struct {
	JWK     JWK     `json:"jwk"`
	Use     KeyUse  `json:"use"`
	Custody Custody `json:"custody"`
}

// Validate checks the key and its use.
func (k NewKeyArg) Validate(field string) error {
	return First(k.JWK.Validate(field+".jwk"),
		OneOf(field+".use", k.Use, []KeyUse{UseSign, UseAuth}),
		OneOf(field+".custody", k.Custody, []Custody{CustodySelf, CustodyNode}))
}

// Suspension is one open suspension: only the role that set it lifts it
// (protocol §8). Effective means that none is open.
type Suspension struct {
	Role   Role   `json:"role"`
	By     ID     `json:"by"`
	Ground string `json:"ground"`
	Since  Millis `json:"since"`
}

// PartyProfile is what a party says of itself: the payload of its admission JWS.
// Holding the JWS proves that it holds its keys.
type PartyProfile struct {
	ID         ID          `json:"id"`
	Name       string      `json:"name"`
	USCC       USCC        `json:"uscc"`
	Kind       PartyKind   `json:"kind"`
	Roles      []Role      `json:"roles"`
	Region     Region      `json:"region"`
	Affiliates []USCC      `json:"affiliates"`
	Keys       []NewKeyArg `json:"keys"`
	Origin     string      `json:"origin,omitempty"`  // platform only: its node's origin
	URL        string      `json:"url,omitempty"`     // platform only: where its node is reached
	LogKey     string      `json:"log_key,omitempty"` // platform only: verifier key of its receipt log
}

// Validate checks the profile's form.
func (p PartyProfile) Validate() error {
	if err := First(p.ID.Validate("id"), CheckText("name", p.Name, 1, MaxName), p.USCC.Validate("uscc"),
		OneOf("kind", p.Kind, PartyKinds()), p.Region.Validate("region"),
		CheckList("roles", p.Roles, 1, len(Roles())), CheckList("affiliates", p.Affiliates, 0, 50),
		CheckList("keys", p.Keys, 1, 4)); err != nil {
		return err
	}
	for i, r := range p.Roles {
		if err := OneOf(at("roles", i), r, Roles()); err != nil {
			return err
		}
	}
	for i, u := range p.Affiliates {
		if err := u.Validate(at("affiliates", i)); err != nil {
			return err
		}
	}
	for i, k := range p.Keys {
		if err := k.Validate(at("keys", i)); err != nil {
			return err
		}
		same := func(other NewKeyArg) bool { return other.JWK == k.JWK }
		if slices.ContainsFunc(p.Keys[:i], same) { // one key has one use
			return Invalid(at("keys", i), "not_twice")
		}
	}
	if p.Origin != "" {
		if err := CheckToken("origin", p.Origin, 200); err != nil {
			return err
		}
	}
	return p.CheckURL()
}

// CheckURL holds the address of a node to be one that a client can add a path to.
func (p PartyProfile) CheckURL() error {
	if p.URL == "" {
		return nil
	}
	if p.Origin == "" {
		return Invalid("url", "with_origin")
	}
	host, ok := strings.CutPrefix(p.URL, "https://")
	if !ok {
		host, ok = strings.CutPrefix(p.URL, "http://")
	}
	if !ok || host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, ":") || strings.HasSuffix(host, "/") {
		return Invalid("url", "http_address")
	}
	return CheckToken("url", p.URL, 200)
}

// Party is the record of an admitted party.
type Party struct {
	ID          ID           `json:"id"`
	Name        string       `json:"name"`
	USCC        USCC         `json:"uscc"`
	Kind        PartyKind    `json:"kind"`
	Roles       []Role       `json:"roles"`
	Region      Region       `json:"region"`
	Affiliates  []USCC       `json:"affiliates"`
	Keys        []KeyRecord  `json:"keys"`
	Origin      string       `json:"origin,omitempty"`
	URL         string       `json:"url,omitempty"`
	AdmittedAt  Millis       `json:"admitted_at"` // also verified_at: the authority checked who it is
	AdmittedBy  ID           `json:"admitted_by"`
	Suspensions []Suspension `json:"suspensions"`
	Cite        Cite         `json:"cite"` // the call that wrote this version
}

// Has reports whether the party holds one of the roles.
func (p Party) Has(roles ...Role) bool {
	for _, r := range p.Roles {
		if slices.Contains(roles, r) {
			return true
		}
	}
	return false
}

// Active reports whether no suspension is open.
func (p Party) Active() bool { return len(p.Suspensions) == 0 }

// Key is the party's key record of that id.
func (p Party) Key(kid KeyID) (KeyRecord, bool) {
	for _, k := range p.Keys {
		if k.Kid == kid {
			return k, true
		}
	}
	return KeyRecord{}, false
}

// Cite names a call by who made it, its id and the hash of its payload. Every
// call that answers another party's record cites the payload hash of the call
// that wrote it (protocol §8).
type Cite struct {
	Party   ID     `json:"party"`
	Call    ID     `json:"call"`
	Payload Digest `json:"payload"`
}

// Limits are the terms of the registry body in working days (domain §2.3). On a
// demo ledger they may be 0.
type Limits struct {
	Accept    int `json:"accept_days"`
	Exam      int `json:"exam_days"`
	Notice    int `json:"notice_days"`
	Objection int `json:"objection_days"`
	Code      int `json:"code_days"`
	Resubmit  int `json:"resubmit_days"`
}

// StatutoryLimits are the law's: R10 (3), R11 (20), R12 (10), ours (10, 3, 30).
func StatutoryLimits() Limits {
	return Limits{Accept: 3, Exam: 20, Notice: 10, Objection: 10, Code: 3, Resubmit: 30}
}

// Gate says whether a resource must be registered before it is licensed (domain §2.1).
type Gate string

// Values of the registration gate.
const (
	GateStrict Gate = "strict"
	GateGrace  Gate = "grace"
)

// GenesisArgs begin a ledger: the call genesis, self-signed by the data authority.
type GenesisArgs struct {
	Ledger    ID           `json:"ledger"`
	Name      string       `json:"name"`
	Region    Region       `json:"region"`
	Origin    string       `json:"origin"`     // of the node; its logs are origin/log/ledger and origin/log/receipts
	LedgerKey string       `json:"ledger_key"` // verifier key of the ledger log (C2SP signed note); empty on Fabric
	Authority PartyProfile `json:"authority"`
	Recovery  JWK          `json:"recovery"` // kept offline: replaces the authority's own key
	Platform  string       `json:"platform"` // admission JWS of the node party, with its receipt log's key
	Limits    Limits       `json:"limits"`
	Gate      Gate         `json:"gate"`
	Rules     int          `json:"rules"`
	Demo      bool         `json:"demo"`
}

// Genesis is the record of the beginning.
type Genesis struct {
	Ledger    ID     `json:"ledger"`
	Name      string `json:"name"`
	Region    Region `json:"region"`
	Origin    string `json:"origin"`
	LedgerKey string `json:"ledger_key"`
	Authority ID     `json:"authority"`
	Recovery  JWK    `json:"recovery"`
	Platform  ID     `json:"platform"`
	Limits    Limits `json:"limits"`
	Gate      Gate   `json:"gate"`
	Rules     int    `json:"rules"`
	Demo      bool   `json:"demo"`
	Time      Millis `json:"time"`
}

// LogRecord names a receipt log and who may anchor it.
type LogRecord struct {
	Origin string `json:"origin"`
	Owner  ID     `json:"owner"`
	Key    string `json:"key"`
}

// PartyAdmitArgs admit a party; Application is its own JWS of type TypeAdmission.
type PartyAdmitArgs struct {
	Application string `json:"application"`
}

// TargetArgs name a record, why it is acted on, and the payload hash of the
// call that last wrote it.
type TargetArgs struct {
	ID      ID     `json:"id"`
	Answers Digest `json:"answers"`
	Ground  string `json:"ground"`
}

// Validate checks the form.
func (a TargetArgs) Validate() error {
	return First(a.ID.Validate("id"), a.Answers.Validate("answers"), CheckToken("ground", a.Ground, 64))
}

// KeyRotateArgs replace one of the caller's own keys. Proof is a JWS of type
// TypeRotation signed by the new key over RotationProof.
type KeyRotateArgs struct {
	Old   KeyID     `json:"old"`
	New   NewKeyArg `json:"new"`
	Proof string    `json:"proof"`
}

// RotationProof is what the new key signs: whose it is and what it replaces.
type RotationProof struct {
	Ledger ID    `json:"ledger"`
	Party  ID    `json:"party"`
	Old    KeyID `json:"old"`
}

// KeyRevokeArgs end a key at once; the caller ends its own, the authority anyone's.
type KeyRevokeArgs struct {
	Party  ID     `json:"party"`
	Kid    KeyID  `json:"kid"`
	Reason string `json:"reason"` // lost compromised retired
}

// KeyReplaceArgs put a new key for a lost one: by the authority for others,
// by the recovery key for the authority itself.
type KeyReplaceArgs struct {
	Party  ID        `json:"party"`
	Old    KeyID     `json:"old"`
	New    NewKeyArg `json:"new"`
	Proof  string    `json:"proof"`
	Reason string    `json:"reason"` // lost compromised
}

// CalendarArgs record a year's list of the State Council (domain §7).
type CalendarArgs struct {
	Year   int    `json:"year"`
	Off    []Date `json:"off"`
	Work   []Date `json:"work"`
	Source string `json:"source"`
}

// CalendarYear is the record of a year's list.
type CalendarYear struct {
	Year   int    `json:"year"`
	Off    []Date `json:"off"`
	Work   []Date `json:"work"`
	Source string `json:"source"`
	Cite   Cite   `json:"cite"`
}

// AnchorArgs record the root of a receipt log. Proof is the RFC 9162
// consistency proof from the last anchored size, each hash in hex.
type AnchorArgs struct {
	Log   string   `json:"log"`
	Size  int64    `json:"size"`
	Root  Digest   `json:"root"`
	Proof []Digest `json:"consistency_proof"`
}

// Anchor is the last anchor of a log.
type Anchor struct {
	Log  string `json:"log"`
	Size int64  `json:"size"`
	Root Digest `json:"root"`
	Time Millis `json:"time"`
	Cite Cite   `json:"cite"`
}
