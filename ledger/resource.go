package ledger

import "strconv"

func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// Item is one information item (信息项) of a resource.
type Item struct {
	Name     string   `json:"name" form:"text=1..100" zh:"名称" en:"Name"`
	Label    string   `json:"label" form:"text=1..100" zh:"中文名" en:"Label"`
	DataType string   `json:"data_type" form:"token=32" zh:"数据类型" en:"Data type"`
	Length   int      `json:"length" form:"min=0" zh:"长度" en:"Length"`
	Nullable bool     `json:"nullable" zh:"可为空" en:"May be empty"`
	IsKey    bool     `json:"is_key" zh:"主键" en:"Key"`
	Level    Level    `json:"level" form:"enum=levels" zh:"级别" en:"Level"`
	PIStatus PIStatus `json:"pi_status" form:"enum=pi_statuses" zh:"个人信息" en:"Personal information"`
	CodeList string   `json:"code_list,omitempty" form:"text=0..100" zh:"代码表" en:"Code list"`
}

// Quality is a quality assessment: six scores from 0 to 100, by whom and when (GB/T
// 36344).
type Quality struct {
	Normative  int    `json:"normative" form:"range=0..100" zh:"规范性" en:"Conformity"`
	Complete   int    `json:"complete" form:"range=0..100" zh:"完整性" en:"Completeness"`
	Accurate   int    `json:"accurate" form:"range=0..100" zh:"准确性" en:"Accuracy"`
	Consistent int    `json:"consistent" form:"range=0..100" zh:"一致性" en:"Consistency"`
	Timely     int    `json:"timely" form:"range=0..100" zh:"时效性" en:"Timeliness"`
	Accessible int    `json:"accessible" form:"range=0..100" zh:"可访问性" en:"Accessibility"`
	Assessor   string `json:"assessor" form:"text=1..100" zh:"评价机构" en:"Assessor"`
	AssessedOn Date   `json:"assessed_on" zh:"评价日期" en:"Assessed on"`
}

// Temporal is a span of days (dct:temporal). An empty End means that it has no end
// yet.
type Temporal struct {
	Start Date `json:"start" zh:"开始日期" en:"First day"`
	End   Date `json:"end,omitempty" zh:"结束日期" en:"Last day"`
}

// Resource is the description of a public data resource (DCAT 3).
// Texts that are not public are salted hashes.
type Resource struct {
	ID            ID       `json:"id" zh:"资源标识" en:"Resource id"`
	Title         string   `json:"title" form:"text=1..100,pattern=title" zh:"名称" en:"Title"`
	Description   string   `json:"description" form:"text=20..4000" zh:"摘要" en:"Description"`
	Identifier    string   `json:"identifier,omitempty" form:"pattern=catalogue_code" zh:"目录代码" en:"Catalogue code"`
	Publisher     ID       `json:"publisher" zh:"提供方" en:"Publisher"` // the holder
	CatalogClass  string   `json:"catalog_class" form:"enum=catalog_classes" zh:"目录类" en:"Catalogue class"`
	Domain        string   `json:"domain" form:"enum=domains" zh:"所属领域" en:"Domain"`
	Sector        string   `json:"sector" form:"pattern=gbt4754" zh:"行业" en:"Sector"`
	Spatial       Region   `json:"spatial" zh:"区域" en:"Region"`
	Temporal      Temporal `json:"temporal" zh:"时间范围" en:"Time span"`
	Periodicity   string   `json:"accrual_periodicity" form:"enum=periodicities" zh:"更新频率" en:"Update frequency"`
	Modified      Millis   `json:"modified" form:"ms" zh:"更新日" en:"Last updated"`
	Keywords      []string `json:"keywords" form:"list=0..500,text=1..100" zh:"关键词" en:"Keywords"`
	LandingPage   string   `json:"landing_page,omitempty" form:"text=1..500,pattern=page" zh:"网址" en:"Landing page"`
	Obtained      string   `json:"obtained" form:"enum=obtainings" zh:"取得方式" en:"How obtained"` // own shared delegated
	SharerConsent Digest   `json:"sharer_consent,omitempty" need:"obtained 为 shared 且 supply_mode 含 authorized_operation|if obtained is shared and supply_mode has authorized_operation" zh:"共享方同意" en:"Sharer's consent"`
	SourceBasis   Salted   `json:"source_basis" zh:"来源依据" en:"Basis of source"`
	ShareType     string   `json:"share_type" form:"enum=share_types" zh:"共享属性" en:"Share type"`
	OpenType      string   `json:"open_type" form:"enum=open_types" zh:"开放属性" en:"Open type"`                  // open conditional closed
	SupplyMode    []string `json:"supply_mode" form:"list=1..3,enum=supply_modes" zh:"供给方式" en:"Supply modes"` // share open authorized_operation
	Items         []Item   `json:"items" form:"list=0..500,repeats" need:"未给出 items_object|unless items_object is given" zh:"信息项" en:"Information items"`
	ItemsObject   Digest   `json:"items_object,omitempty" need:"未给出 items|unless items are given" zh:"信息项文件" en:"File of information items"` // if the items exceed 8 KiB
	Format        string   `json:"format" form:"enum=formats" zh:"格式" en:"Format"`
	RowCount      int64    `json:"row_count" form:"min=0" zh:"记录数" en:"Rows"`
	ByteSize      int64    `json:"byte_size" form:"min=0" zh:"数据量（字节）" en:"Size in bytes"`
	Level         Level    `json:"level" form:"enum=levels" zh:"级别" en:"Level"`
	LevelBasis    Salted   `json:"level_basis" zh:"定级依据" en:"Basis of level"`
	PIStatus      PIStatus `json:"pi_status" form:"enum=pi_statuses" zh:"个人信息" en:"Personal information"`
	Quality       Quality  `json:"quality" zh:"质量评价" en:"Quality"`
}

// MaterialGroup is one of the groups of materials of R9(1).
type MaterialGroup string

// Groups of materials.
const (
	MaterialSubject        MaterialGroup = "subject"
	MaterialLawfulSource   MaterialGroup = "lawful_source"
	MaterialFacts          MaterialGroup = "resource_facts"
	MaterialDeposit        MaterialGroup = "deposit"
	MaterialRisk           MaterialGroup = "risk_assessment"
	MaterialInternalReview MaterialGroup = "internal_review"
)

// MaterialGroups is the list of groups that an initial registration of a resource
// needs.
func MaterialGroups() []MaterialGroup { return list[MaterialGroup](materialGroups) }

// Material is a document of an application, by its hash. Its name is not on the
// ledger.
type Material struct {
	Group  MaterialGroup `json:"group" form:"enum=material_groups" zh:"材料类别" en:"Group"`
	SHA256 Digest        `json:"sha256" zh:"文件摘要" en:"Hash of file"`
	Bytes  int64         `json:"bytes" form:"min=1" zh:"文件大小（字节）" en:"Size in bytes"`
	Name   Salted        `json:"name" zh:"文件名" en:"File name"`
}

// Review is a review by its hash: by whom, when, and until when it is valid.
type Review struct {
	By         string `json:"by" form:"text=1..100" zh:"审核单位" en:"Reviewed by"`
	On         Date   `json:"on" zh:"审核日期" en:"Reviewed on"`
	SHA256     Digest `json:"sha256" zh:"审核文件摘要" en:"Hash of review"`
	ValidUntil Date   `json:"valid_until,omitempty" need:"用于产品审核|in the reviews of a product" zh:"有效期至" en:"Valid until"`
}

// DepositArgs record a hash before an application (R7 存证).
type DepositArgs struct {
	SHA256 Digest `json:"sha256" zh:"存证摘要" en:"Deposited hash"`
	Bytes  int64  `json:"bytes" form:"min=0" zh:"大小（字节）" en:"Size in bytes"`
}

// Deposit is the record of a deposit.
type Deposit struct {
	SHA256      Digest `json:"sha256" zh:"存证摘要" en:"Deposited hash"`
	Bytes       int64  `json:"bytes" form:"min=0" zh:"大小（字节）" en:"Size in bytes"`
	Party       ID     `json:"party" zh:"存证主体" en:"Depositor"`
	Time        Millis `json:"time" form:"ms" zh:"存证时间" en:"Time"`
	Application ID     `json:"application,omitempty" zh:"所属申请" en:"Application"` // the application that uses it, while that application is alive
	Cite        Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}

// ApplicationState is the state of an application.
type ApplicationState string

// States of an application. A draft exists only outside the ledger.
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
func ApplicationStates() []ApplicationState { return list[ApplicationState](applicationStates) }

// AppSubmitArgs apply for the initial registration of a resource (R7–R9).
type AppSubmitArgs struct {
	Application    ID         `json:"application" zh:"申请编号" en:"Application id"`
	Body           ID         `json:"body" zh:"登记机构" en:"Registry body"` // the registry body that decides
	Resource       Resource   `json:"resource" zh:"数据资源" en:"Resource"`
	Deposit        Digest     `json:"deposit_hash" zh:"存证摘要" en:"Deposited hash"`
	Materials      []Material `json:"materials" form:"list=1..500" zh:"申请材料" en:"Materials"`
	InternalReview Review     `json:"internal_review" zh:"业务审核" en:"Internal review"`
}

// AppResubmitArgs submit a returned application again, as a whole.
type AppResubmitArgs struct {
	Answers Digest `json:"answers" zh:"所答复的请求" en:"Answered call"`
	AppSubmitArgs
}

// AppStepArgs are the arguments of a step of an application: accept, withdraw.
type AppStepArgs struct {
	Application ID     `json:"application" zh:"申请编号" en:"Application id"`
	Answers     Digest `json:"answers" zh:"所答复的请求" en:"Answered call"`
}

// Defect is one thing to fix: the wrong member or group, and the rule that it
// breaks.
type Defect struct {
	Field string  `json:"field" form:"pattern=defect" zh:"问题字段" en:"Field"`
	Rule  string  `json:"rule" form:"pattern=defect" zh:"所违反规则" en:"Rule"`
	Note  *Salted `json:"note,omitempty" zh:"说明" en:"Note"`
}

// AppReturnArgs return an application with all its defects at once (R10).
type AppReturnArgs struct {
	AppStepArgs
	Defects []Defect `json:"defects" form:"list=1..500,repeats" zh:"补正事项" en:"Defects"`
}

// AppRefuseArgs refuse an application, or fail its examination.
type AppRefuseArgs struct {
	AppStepArgs
	Reason Reason  `json:"reason" form:"enum=refusal_reasons" zh:"理由" en:"Reason"`
	Note   *Salted `json:"note,omitempty" zh:"说明" en:"Note"`
}

// AppPassArgs pass the formal examination (R11). Late is the reason given to the
// applicant if the period is over.
type AppPassArgs struct {
	AppStepArgs
	Checklist []string `json:"checklist" form:"list=3..3,enum=checks" zh:"审核要点" en:"Checklist"` // complete consistent admissible
	Late      *Salted  `json:"late,omitempty" need:"超过审核期限|after the last day of the examination" zh:"逾期原因" en:"Reason of delay"`
}

// AppObjectArgs object in the notice period, in the caller's own name (R12). The
// objection of a natural person is filed by the registry body; Person is then the
// salted hash of the person's identity.
type AppObjectArgs struct {
	Application ID       `json:"application" zh:"申请编号" en:"Application id"`
	Objection   ID       `json:"objection" zh:"异议编号" en:"Objection id"`
	Answers     Digest   `json:"answers" zh:"所针对的公示" en:"Answered call"`
	Ground      string   `json:"ground" form:"token=64" zh:"异议理由" en:"Ground"`
	Evidence    []Digest `json:"evidence" form:"list=1..20" zh:"证据摘要" en:"Evidence"`
	Person      *Salted  `json:"person,omitempty" need:"由登记机构代自然人提出|if the registry body files it for a person" zh:"异议自然人" en:"Person"`
}

// AppDecideArgs decide an objection.
type AppDecideArgs struct {
	AppStepArgs
	Objection ID     `json:"objection" zh:"异议编号" en:"Objection id"`
	Upheld    bool   `json:"upheld" zh:"异议成立" en:"Upheld"`
	Reason    Salted `json:"reason" zh:"理由" en:"Reason"`
}

// AppCodeArgs give the official code when the registration is coded (R13).
type AppCodeArgs struct {
	AppStepArgs
	RegistryCode string `json:"registry_code,omitempty" form:"pattern=registry_code,pattern=not_cad_code" zh:"登记结果查询码" en:"Registry code"` // the official code, if the platform has given one
}

// Objection is the record of one objection.
type Objection struct {
	ID       ID       `json:"id" zh:"异议编号" en:"Objection id"`
	Party    ID       `json:"party" zh:"异议人" en:"Objector"`
	Person   *Salted  `json:"person,omitempty" zh:"异议自然人" en:"Person"`
	Ground   string   `json:"ground" form:"token=64" zh:"异议理由" en:"Ground"`
	Evidence []Digest `json:"evidence" form:"list=1..20" zh:"证据摘要" en:"Evidence"`
	FiledOn  Date     `json:"filed_on" zh:"提出日期" en:"Filed on"`
	Due      Period   `json:"due" zh:"处理期限" en:"Decision due"`
	Decided  bool     `json:"decided" zh:"已处理" en:"Decided"`
	Upheld   bool     `json:"upheld" zh:"异议成立" en:"Upheld"`
	Reason   *Salted  `json:"reason,omitempty" zh:"处理理由" en:"Reason"`
}

// Period records how a last day was computed: the day of the event, the number of
// working days, the result at that time, and whether a year's calendar list was
// missing.
type Period struct {
	From        Date `json:"from" zh:"起算日" en:"Counted from"`
	Days        int  `json:"days" form:"min=0" zh:"工作日数" en:"Working days"`
	Due         Date `json:"due" zh:"届满日" en:"Due day"`
	Provisional bool `json:"provisional,omitempty" zh:"暂定" en:"Provisional"`
}

// Notice is the record of the public notice of an application (R12). It is never
// deleted or changed: whether it runs follows from its period, the day and the
// application. Everyone may read it.
type Notice struct {
	Application ID     `json:"application" zh:"申请编号" en:"Application id"`
	Serial      string `json:"serial" form:"pattern=notice_serial" zh:"公示编号" en:"Notice number"`
	Kind        string `json:"kind" form:"enum=application_kinds" zh:"登记类型" en:"Kind"`
	Title       string `json:"title" form:"text=1..100" zh:"数据名称" en:"Name of the data"`
	Summary     string `json:"summary" form:"text=1..4000" zh:"摘要" en:"Summary"`
	Registrant  ID     `json:"registrant" zh:"登记主体" en:"Registrant"`
	From        Date   `json:"from" zh:"公示首日" en:"First day"`
	Until       Period `json:"until" zh:"公示期" en:"Notice period"` // due: its last day, until 24:00
	Cite        Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}

// Submission is the record of the content of application.submit or
// application.resubmit. It is stored under the payload hash of that call and never
// changes. The application and the entry refer to it by that hash.
type Submission struct {
	Resource       Resource   `json:"resource" zh:"数据资源" en:"Resource"`
	Deposit        Digest     `json:"deposit_hash" zh:"存证摘要" en:"Deposited hash"`
	Materials      []Material `json:"materials" form:"list=1..500" zh:"申请材料" en:"Materials"`
	InternalReview Review     `json:"internal_review" zh:"业务审核" en:"Internal review"`
}

// SubmissionRef returns the reference of the submission made by the call with a
// payload hash.
func SubmissionRef(payload Digest) Ref { return RefTo(KindSubmission, payload) }

// Application is the record of the progress of an application. Its content is in
// its Submission.
type Application struct {
	ID            ID               `json:"id" zh:"申请编号" en:"Application id"`
	Kind          string           `json:"kind" form:"enum=application_kinds" zh:"登记类型" en:"Kind"`             // initial
	SubjectType   string           `json:"subject_type" form:"enum=subject_types" zh:"标的类型" en:"Subject type"` // resource
	Applicant     ID               `json:"applicant" zh:"申请人" en:"Applicant"`
	Body          ID               `json:"body" zh:"登记机构" en:"Registry body"`
	State         ApplicationState `json:"state" form:"enum=application_states" zh:"状态" en:"State"`
	SubmitPayload Digest           `json:"submit_payload" zh:"提交内容摘要" en:"Submitted call"` // of the last submit or resubmit: its Submission, and the entry's subject_hash
	ReceivedOn    Date             `json:"received_on" zh:"收件日期" en:"Received on"`
	AcceptDue     Period           `json:"accept_due" zh:"受理期限" en:"Acceptance due"`
	AcceptedOn    Date             `json:"accepted_on,omitempty" zh:"受理日期" en:"Accepted on"`
	AcceptedKey   KeyID            `json:"accepted_key,omitempty" zh:"受理所用密钥" en:"Key that accepted"` // pass and fail need another one
	ExamDue       *Period          `json:"exam_due,omitempty" zh:"审核期限" en:"Examination due"`
	Notice        *Period          `json:"notice,omitempty" zh:"公示期" en:"Notice period"`          // from: the working day after passing, when it is published; due: its last day
	PassedKey     KeyID            `json:"passed_key,omitempty" zh:"审核所用密钥" en:"Key that passed"` // code needs another one
	CodeDue       *Period          `json:"code_due,omitempty" zh:"赋码期限" en:"Coding due"`
	ResubmitBy    *Period          `json:"resubmit_by,omitempty" zh:"补正期限" en:"Resubmit by"`
	CodedOn       Date             `json:"coded_on,omitempty" zh:"赋码日" en:"Coded on"`
	Returns       int              `json:"returns" form:"min=0" zh:"退回次数" en:"Returns"`
	Defects       []Defect         `json:"defects" form:"list=0..10000,repeats" zh:"补正事项" en:"Defects"` // of all returns, oldest first
	Reason        Reason           `json:"reason,omitempty" form:"enum=refusal_reasons" zh:"理由" en:"Reason"`
	Objections    []Objection      `json:"objections" form:"list=0..10000,repeats" zh:"异议" en:"Objections"`
	Entry         ID               `json:"entry,omitempty" zh:"登记编号" en:"Entry"`
	Cite          Cite             `json:"cite" zh:"引用请求" en:"Written by"`
}

// EntryState is the state of an entry.
type EntryState string

// States of an entry. Suspensions are stored separately, by role; an entry expires
// without a call.
const (
	EntryActive    EntryState = "active"
	EntryCancelled EntryState = "cancelled"
	EntryRevoked   EntryState = "revoked"
)

// ApplicationDetail is an application with its latest submission.
type ApplicationDetail struct {
	Application
	Submission
}

// Entry is the record of a registered subject. Its id is the application's. What is
// registered is in the Submission that SubjectHash refers to.
type Entry struct {
	ID           ID           `json:"id" zh:"登记编号" en:"Entry id"`
	SubjectType  string       `json:"subject_type" form:"enum=subject_types" zh:"标的类型" en:"Subject type"`
	Subject      ID           `json:"subject_id" zh:"标的" en:"Subject"`
	SubjectHash  Digest       `json:"subject_hash" zh:"标的摘要" en:"Hash of subject"`
	Holder       ID           `json:"holder" zh:"数据持有单位" en:"Holder"`
	Region       Region       `json:"region" zh:"属地" en:"Region"` // of the holder, which decides the jurisdiction (R6)
	RegistryCode string       `json:"registry_code,omitempty" form:"pattern=registry_code" zh:"登记结果查询码" en:"Registry code"`
	CadCode      CadCode      `json:"cad_code" zh:"平台编号" en:"Cadastre code"`
	ValidFrom    Date         `json:"valid_from" zh:"生效日" en:"Valid from"`
	ValidUntil   Date         `json:"valid_until" zh:"有效期至" en:"Valid until"` // inclusive
	Body         ID           `json:"registry_body" zh:"登记机构" en:"Registry body"`
	State        EntryState   `json:"state" form:"enum=entry_states" zh:"状态" en:"State"`
	Suspensions  []Suspension `json:"suspensions" form:"list=0..100,repeats" zh:"暂停" en:"Suspensions"`
	Cite         Cite         `json:"cite" zh:"引用请求" en:"Written by"`
}

// Effective reports whether the entry is in force on day.
func (e Entry) Effective(day Date) bool {
	return e.State == EntryActive && len(e.Suspensions) == 0 && e.ValidFrom <= day && day <= e.ValidUntil
}

// EntryDetail is an entry with the resource that its submission describes.
type EntryDetail struct {
	Entry
	Resource Resource `json:"resource" zh:"数据资源" en:"Resource"`
}

// Facts returns the properties of the resource that licenses check.
func (e EntryDetail) Facts() Facts {
	return Facts{Resource: e.Subject, Holder: e.Holder, Region: e.Resource.Spatial, Domain: e.Resource.Domain, Level: e.Resource.Level}
}

// Facts are the properties that a license is checked against.
type Facts struct {
	Resource ID     `json:"resource" zh:"数据资源" en:"Resource"`
	Holder   ID     `json:"holder" zh:"数据持有单位" en:"Holder"`
	Region   Region `json:"region" zh:"区域" en:"Region"`
	Domain   string `json:"domain" form:"enum=domains" zh:"所属领域" en:"Domain"`
	Level    Level  `json:"level" form:"enum=levels" zh:"级别" en:"Level"`
}

// Grant is the record of a right: who has it, on what, for how long, and on what
// basis (T). Scope is a reference such as resource/ID or license/ID.
type Grant struct {
	ID     ID     `json:"id" zh:"权利编号" en:"Grant id"`
	Right  Right  `json:"right" form:"enum=rights" zh:"权利" en:"Right"`
	Nature Nature `json:"nature" form:"enum=natures" zh:"权利来源" en:"Nature"`
	Party  ID     `json:"party" zh:"权利人" en:"Party"`
	Scope  Ref    `json:"scope" form:"ref=resource/license" zh:"权利范围" en:"Scope"`
	From   Date   `json:"from" zh:"起始日" en:"From"`
	Until  Date   `json:"until" zh:"终止日" en:"Until"`
	Basis  Ref    `json:"basis" form:"ref=entry/license/order" zh:"权利依据" en:"Basis"` // entry, license or order
}
