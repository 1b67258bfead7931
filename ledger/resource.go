package ledger

import (
	"regexp"
	"strconv"
)

func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// Item is one information item (信息项) of a resource.
type Item struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	DataType string   `json:"data_type"`
	Length   int      `json:"length"`
	Nullable bool     `json:"nullable"`
	IsKey    bool     `json:"is_key"`
	Level    Level    `json:"level"`
	PIStatus PIStatus `json:"pi_status"`
	CodeList string   `json:"code_list,omitempty"`
}

// Quality are six scores of 0 to 100 with who gave them and when (GB/T 36344).
type Quality struct {
	Normative  int    `json:"normative"`
	Complete   int    `json:"complete"`
	Accurate   int    `json:"accurate"`
	Consistent int    `json:"consistent"`
	Timely     int    `json:"timely"`
	Accessible int    `json:"accessible"`
	Assessor   string `json:"assessor"`
	AssessedOn Date   `json:"assessed_on"`
}

// Temporal is a span of days (dct:temporal); End empty is open.
type Temporal struct {
	Start Date `json:"start"`
	End   Date `json:"end,omitempty"`
}

// Resource is what is said of a public data resource (domain §6.2, DCAT 3).
// Texts that are not public are salted hashes.
type Resource struct {
	ID            ID       `json:"id"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Identifier    string   `json:"identifier,omitempty"`
	Publisher     ID       `json:"publisher"` // the holder
	CatalogClass  string   `json:"catalog_class"`
	Domain        string   `json:"domain"`
	Sector        string   `json:"sector"`
	Spatial       Region   `json:"spatial"`
	Temporal      Temporal `json:"temporal"`
	Periodicity   string   `json:"accrual_periodicity"`
	Modified      Millis   `json:"modified"`
	Keywords      []string `json:"keywords"`
	LandingPage   string   `json:"landing_page,omitempty"`
	Obtained      string   `json:"obtained"` // own shared delegated
	SharerConsent Digest   `json:"sharer_consent,omitempty"`
	SourceBasis   Salted   `json:"source_basis"`
	ShareType     string   `json:"share_type"`  // unconditional conditional none
	OpenType      string   `json:"open_type"`   // open conditional closed
	SupplyMode    []string `json:"supply_mode"` // share open authorized_operation
	Items         []Item   `json:"items"`
	ItemsObject   Digest   `json:"items_object,omitempty"` // where the items exceed 8 KiB
	Format        string   `json:"format"`
	RowCount      int64    `json:"row_count"`
	ByteSize      int64    `json:"byte_size"`
	Level         Level    `json:"level"`
	LevelBasis    Salted   `json:"level_basis"`
	PIStatus      PIStatus `json:"pi_status"`
	Quality       Quality  `json:"quality"`
}

var sectorForm = regexp.MustCompile(`^[A-T](\d{2,4})?$`)

// MaterialGroup is one of the groups of materials of R9(1).
type MaterialGroup string

// Groups of materials (domain §2.2).
const (
	MaterialSubject        MaterialGroup = "subject"
	MaterialLawfulSource   MaterialGroup = "lawful_source"
	MaterialFacts          MaterialGroup = "resource_facts"
	MaterialDeposit        MaterialGroup = "deposit"
	MaterialRisk           MaterialGroup = "risk_assessment"
	MaterialInternalReview MaterialGroup = "internal_review"
)

// MaterialGroups is the list that an initial registration of a resource needs.
func MaterialGroups() []MaterialGroup {
	return []MaterialGroup{
		MaterialSubject, MaterialLawfulSource, MaterialFacts, MaterialDeposit, MaterialRisk,
		MaterialInternalReview,
	}
}

// Material is a document of an application, by hash; its name stays off the ledger.
type Material struct {
	Group  MaterialGroup `json:"group"`
	SHA256 Digest        `json:"sha256"`
	Bytes  int64         `json:"bytes"`
	Name   Salted        `json:"name"`
}

// Review is somebody's examination by hash: who, when, until when.
type Review struct {
	By         string `json:"by"`
	On         Date   `json:"on"`
	SHA256     Digest `json:"sha256"`
	ValidUntil Date   `json:"valid_until,omitempty"`
}

// DepositArgs fix a hash before an application (R7 存证).
type DepositArgs struct {
	SHA256 Digest `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Deposit is the record of a deposit.
type Deposit struct {
	SHA256      Digest `json:"sha256"`
	Bytes       int64  `json:"bytes"`
	Party       ID     `json:"party"`
	Time        Millis `json:"time"`
	Application ID     `json:"application,omitempty"` // the application that rests on it, while it lives
	Cite        Cite   `json:"cite"`
}

// ApplicationState is where an application stands (domain §2.3).
type ApplicationState string

// States of an application. Draft lives at the edge only.
const (
	AppSubmitted   ApplicationState = "submitted"
	AppReturned    ApplicationState = "returned"
	AppNotAccepted ApplicationState = "not_accepted"
	AppAccepted    ApplicationState = "accepted"
	AppExamFailed  ApplicationState = "exam_failed"
	AppNoticed     ApplicationState = "noticed"
	AppTerminated  ApplicationState = "terminated"
	AppCoded       ApplicationState = "coded"
	AppWithdrawn   ApplicationState = "withdrawn"
)

// ApplicationStates is the closed list.
func ApplicationStates() []ApplicationState {
	return []ApplicationState{AppSubmitted, AppReturned, AppNotAccepted, AppAccepted, AppExamFailed, AppNoticed, AppTerminated, AppCoded, AppWithdrawn}
}

// AppSubmitArgs apply for the initial registration of a resource (R7–R9).
type AppSubmitArgs struct {
	Application    ID         `json:"application"`
	Body           ID         `json:"body"` // the registry body applied to
	Resource       Resource   `json:"resource"`
	Deposit        Digest     `json:"deposit_hash"`
	Materials      []Material `json:"materials"`
	InternalReview Review     `json:"internal_review"`
}

// AppResubmitArgs answer a return with the whole application anew.
type AppResubmitArgs struct {
	Answers Digest `json:"answers"`
	AppSubmitArgs
}

// AppStepArgs take an application one step: accept, withdraw.
type AppStepArgs struct {
	Application ID     `json:"application"`
	Answers     Digest `json:"answers"`
}

// Defect is one thing to mend: the member or group at fault and the rule it breaks.
type Defect struct {
	Field string  `json:"field"`
	Rule  string  `json:"rule"`
	Note  *Salted `json:"note,omitempty"`
}

// AppReturnArgs give an application back with all its defects at once (R10).
type AppReturnArgs struct {
	AppStepArgs
	Defects []Defect `json:"defects"`
}

// AppRefuseArgs refuse an application, or fail its examination.
type AppRefuseArgs struct {
	AppStepArgs
	Reason Reason  `json:"reason"`
	Note   *Salted `json:"note,omitempty"`
}

// AppPassArgs pass the formal examination (R11); Late is the told reason where
// the limit has gone by.
type AppPassArgs struct {
	AppStepArgs
	Checklist []string `json:"checklist"` // complete consistent admissible
	Late      *Salted  `json:"late,omitempty"`
}

// AppObjectArgs object in the notice period, under one's real name (R12). A natural
// person's objection is filed by the registry body with Person, the salted hash
// of who it was.
type AppObjectArgs struct {
	Application ID       `json:"application"`
	Objection   ID       `json:"objection"`
	Answers     Digest   `json:"answers"`
	Ground      string   `json:"ground"`
	Evidence    []Digest `json:"evidence"`
	Person      *Salted  `json:"person,omitempty"`
}

// AppDecideArgs decide an objection.
type AppDecideArgs struct {
	AppStepArgs
	Objection ID     `json:"objection"`
	Upheld    bool   `json:"upheld"`
	Reason    Salted `json:"reason"`
}

// AppCodeArgs give the code that ends a registration (R13).
type AppCodeArgs struct {
	AppStepArgs
	RegistryCode string `json:"registry_code,omitempty"` // the official code, where the platform has given one
}

// Objection is the record of one objection.
type Objection struct {
	ID       ID       `json:"id"`
	Party    ID       `json:"party"`
	Person   *Salted  `json:"person,omitempty"`
	Ground   string   `json:"ground"`
	Evidence []Digest `json:"evidence"`
	FiledOn  Date     `json:"filed_on"`
	Due      Period   `json:"due"`
	Decided  bool     `json:"decided"`
	Upheld   bool     `json:"upheld"`
	Reason   *Salted  `json:"reason,omitempty"`
}

// Period keeps how a due day was counted: the event's day, n working days, the
// result as it stood, and whether a year's list was missing (domain §7).
type Period struct {
	From        Date `json:"from"`
	Days        int  `json:"days"`
	Due         Date `json:"due"`
	Provisional bool `json:"provisional,omitempty"`
}

// Application is the record of an application.
type Application struct {
	ID             ID               `json:"id"`
	Kind           string           `json:"kind"`         // initial
	SubjectType    string           `json:"subject_type"` // resource
	Applicant      ID               `json:"applicant"`
	Body           ID               `json:"body"`
	Resource       Resource         `json:"resource"`
	Deposit        Digest           `json:"deposit_hash"`
	Materials      []Material       `json:"materials"`
	InternalReview Review           `json:"internal_review"`
	State          ApplicationState `json:"state"`
	SubmitPayload  Digest           `json:"submit_payload"` // of the last submit or resubmit: the entry's subject_hash
	ReceivedOn     Date             `json:"received_on"`
	AcceptDue      Period           `json:"accept_due"`
	AcceptedOn     Date             `json:"accepted_on,omitempty"`
	ExamDue        *Period          `json:"exam_due,omitempty"`
	Notice         *Period          `json:"notice,omitempty"` // from: the working day after passing, when it is published; due: its last day
	CodeDue        *Period          `json:"code_due,omitempty"`
	ResubmitBy     *Period          `json:"resubmit_by,omitempty"`
	CodedOn        Date             `json:"coded_on,omitempty"`
	Returns        int              `json:"returns"`
	Defects        []Defect         `json:"defects"` // of all returns, oldest first
	Reason         Reason           `json:"reason,omitempty"`
	Objections     []Objection      `json:"objections"`
	Entry          ID               `json:"entry,omitempty"`
	Cite           Cite             `json:"cite"`
}

// EntryState is where an entry stands (domain §2.5).
type EntryState string

// States of an entry. Suspension is kept beside, by role; expiry is by time.
const (
	EntryActive    EntryState = "active"
	EntryCancelled EntryState = "cancelled"
	EntryRevoked   EntryState = "revoked"
)

// Entry is the record of a registered subject: what a certificate shows. Its id
// is the application's.
type Entry struct {
	ID           ID           `json:"id"`
	SubjectType  string       `json:"subject_type"`
	Subject      ID           `json:"subject_id"`
	SubjectHash  Digest       `json:"subject_hash"`
	Title        string       `json:"title"`
	Holder       ID           `json:"holder"`
	Resource     Resource     `json:"resource"`
	RegistryCode string       `json:"registry_code,omitempty"`
	CadCode      CadCode      `json:"cad_code"`
	ValidFrom    Date         `json:"valid_from"`
	ValidUntil   Date         `json:"valid_until"` // inclusive
	Body         ID           `json:"registry_body"`
	State        EntryState   `json:"state"`
	Suspensions  []Suspension `json:"suspensions"`
	Cite         Cite         `json:"cite"`
}

// Effective reports whether the entry counts on day.
func (e Entry) Effective(day Date) bool {
	return e.State == EntryActive && len(e.Suspensions) == 0 && e.ValidFrom <= day && day <= e.ValidUntil
}

// Facts are what licenses look at of a resource.
func (e Entry) Facts() Facts {
	return Facts{Resource: e.Subject, Holder: e.Holder, Region: e.Resource.Spatial, Domain: e.Resource.Domain, Level: e.Resource.Level}
}

// Facts are what a license is held against (protocol §8).
type Facts struct {
	Resource ID     `json:"resource"`
	Holder   ID     `json:"holder"`
	Region   Region `json:"region"`
	Domain   string `json:"domain"`
	Level    Level  `json:"level"`
}

// Grant is the record of a right: who has it, on what, how long, resting on what
// (T; protocol §8). Scope is a reference such as resource/ID or license/ID.
type Grant struct {
	ID    ID    `json:"id"`
	Right Right `json:"right"`
	Party ID    `json:"party"`
	Scope Ref   `json:"scope"`
	From  Date  `json:"from"`
	Until Date  `json:"until"`
	Basis Ref   `json:"basis"` // entry, license or order
}
