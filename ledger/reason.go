package ledger

// Reason is a word of a closed list. User interfaces have a sentence in Chinese and
// English for each, which also says what to do.
type Reason string

// Reasons of form.
const (
	ReasonField     Reason = "field"          // a field breaks a rule of form
	ReasonJSON      Reason = "json"           // not strict JSON
	ReasonJWS       Reason = "jws"            // not a compact JWS of the right type
	ReasonAlgorithm Reason = "algorithm"      // algorithm not in the closed table
	ReasonSignature Reason = "signature"      // signature does not verify
	ReasonTooLarge  Reason = "too_large"      // over a limit of size
	ReasonLedger    Reason = "ledger_id"      // made for another ledger
	ReasonTime      Reason = "time"           // not yet valid: its time is in the future
	ReasonExpired   Reason = "expired"        // past its expiry
	ReasonClock     Reason = "clock"          // a node's clock can't be trusted, or differs from a peer's by more than Skew
	ReasonFunction  Reason = "function"       // no such function
	ReasonMethod    Reason = "method"         // the address does not take this method of HTTP
	ReasonCallUsed  Reason = "call_id_used"   // call id repeated with another body
	ReasonInternal  Reason = "internal"       // a fault of the software
	ReasonGenesis   Reason = "genesis_needed" // the ledger has no genesis yet, or has one already
)

// Reasons of authority.
const (
	ReasonKey            Reason = "key_unknown"
	ReasonKeyUse         Reason = "key_use"
	ReasonKeyEnded       Reason = "key_ended"
	ReasonRole           Reason = "role"
	ReasonPartyUnknown   Reason = "party_unknown"
	ReasonPartySuspended Reason = "party_suspended"
	ReasonNotYours       Reason = "not_yours"
	ReasonJurisdiction   Reason = "jurisdiction"
	ReasonRolesExclude   Reason = "roles_exclude"
	ReasonKind           Reason = "kind" // a party of its kind can't have the role
	ReasonCentral        Reason = "central_body"
	ReasonToken          Reason = "token"
	ReasonTokenUsed      Reason = "token_used"
	ReasonCustody        Reason = "custody"
	ReasonFourEyes       Reason = "four_eyes"  // the step before was signed with the same key
	ReasonOwnMatter      Reason = "own_matter" // an office on its own or an affiliate's record
)

// Reasons of state.
const (
	ReasonExists      Reason = "exists"
	ReasonUnknown     Reason = "unknown"
	ReasonState       Reason = "state"
	ReasonStale       Reason = "stale" // the cited payload is not the record's last
	ReasonDuplicate   Reason = "duplicate"
	ReasonSuspended   Reason = "suspended"
	ReasonNoSuspense  Reason = "not_suspended"
	ReasonEarly       Reason = "period_running"
	ReasonLate        Reason = "period_over"
	ReasonWindow      Reason = "window" // outside the time in which it may be
	ReasonOpen        Reason = "objection_open"
	ReasonSecond      Reason = "second_return"
	ReasonDeposit     Reason = "deposit_missing"
	ReasonIncomplete  Reason = "incomplete"
	ReasonConsistency Reason = "consistency_proof"
	ReasonDemoOnly    Reason = "demo_only"
	ReasonLogEnded    Reason = "log_ended"  // another log continues it since a restore
	ReasonLost        Reason = "maybe_lost" // not found; a restore has lost the entries after a size: params size and log
	ReasonLogOpen     Reason = "log_open"   // a log only begins again while its node is stopped
)

// Reasons of refusing a registration (domain rule 2.6).
const (
	ReasonNonconforming  Reason = "nonconforming"
	ReasonStateSecret    Reason = "state_secret"
	ReasonCoreData       Reason = "core_data"
	ReasonSourceUnlawful Reason = "source_unlawful"
	ReasonOwnership      Reason = "ownership_dispute"

	ReasonRefusedOperator Reason = "refused"
)

// Reasons of a decision at order, supply and delivery (domain rule 3.4).
const (
	ReasonScope         Reason = "scope"         // no license covers it
	ReasonDateOrder     Reason = "date_order"    // a step is dated after the one that must follow it: params value and max
	ReasonLicense       Reason = "license_ended" // not accepted, not begun, ended or terminated
	ReasonPurpose       Reason = "purpose"       // B6
	ReasonPrice         Reason = "price"         // B7
	ReasonOwnScope      Reason = "own_scope"     // B8, O6
	ReasonReview        Reason = "review"        // B3
	ReasonGate          Reason = "gate"          // B4
	ReasonLevel         Reason = "level"         // B9
	ReasonPI            Reason = "pi_status"     // B9
	ReasonForm          Reason = "form"          // D3
	ReasonRecipient     Reason = "recipient"     // B10
	ReasonBuyer         Reason = "buyer_unverified"
	ReasonNotListed     Reason = "not_listed"
	ReasonEntry         Reason = "entry_inactive"
	ReasonOrder         Reason = "order_inactive"
	ReasonUnpaid        Reason = "unpaid"
	ReasonLimit         Reason = "limit" // D2: of uses or bytes, of an order or a license
	ReasonEnvironment   Reason = "environment"
	ReasonContent       Reason = "content"
	ReasonRawContent    Reason = "raw_content"    // O21, D3: the file is content of a resource that is not open
	ReasonNoContent     Reason = "no_content"     // B1: the product has nothing to deliver
	ReasonSameContent   Reason = "content_exists" // the file is content of that resource or product already, at that node
	ReasonDenied        Reason = "denied"
	ReasonAnchorLag     Reason = "anchor_lag"
	ReasonBehind        Reason = "projection_behind"
	ReasonBusy          Reason = "busy"
	ReasonRate          Reason = "rate" // too many requests: the rule names which limit
	ReasonRange         Reason = "range"
	ReasonAuthorization Reason = "authorization"
	ReasonElsewhere     Reason = "elsewhere"     // it is at another node: params origin and url
	ReasonLedgerAway    Reason = "ledger_away"   // it is unknown whether a call is recorded; param part: the part that is known to be down
	ReasonNoStoredKey   Reason = "no_kept_key"   // the node only signs for parties whose key it stores
	ReasonNoLog         Reason = "no_ledger_log" // the ledger is not a log of this node
	ReasonDisk          Reason = "disk_full"     // too little free disk space
	ReasonStoreAway     Reason = "store_away"    // the store of content does not work
	ReasonUnnamed       Reason = "unnamed_bytes" // more bytes than a party may upload without recording them as content
)
