package registry

import (
	"context"
	"encoding/json"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Status is the status of an entry on a day, from its recorded state, suspension and
// term.
type Status string

// The closed list of statuses.
const (
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusExpired   Status = "expired" // past its last day, whatever state is recorded
	StatusCancelled Status = "cancelled"
	StatusRevoked   Status = "revoked"
)

// Statuses returns the closed list, in order.
func Statuses() []Status {
	e, _ := ledger.EnumOf("entry_statuses")
	list := make([]Status, 0, len(e.Values))
	for _, v := range e.Values {
		list = append(list, Status(v.Word))
	}
	return list
}

// statusSQL is statusOn in SQL, for a row e of registry_entry and the day as argument
// 1.
const statusSQL = "CASE WHEN e.state <> 'active' THEN e.state WHEN e.valid_until < ?1 THEN 'expired' " +
	"WHEN e.suspended THEN 'suspended' ELSE 'active' END"

func statusOn(state ledger.EntryState, over, suspended bool) Status {
	switch {
	case state == ledger.EntryCancelled:
		return StatusCancelled
	case state == ledger.EntryRevoked:
		return StatusRevoked
	case over:
		return StatusExpired
	case suspended:
		return StatusSuspended
	}
	return StatusActive
}

func statusOf(e ledger.Entry, day ledger.Date) Status {
	return statusOn(e.State, e.ValidUntil < day, len(e.Suspensions) > 0)
}

// Summary is the public part of a registered resource (domain rule 2.7), with its
// status today.
type Summary struct {
	Entry        ledger.ID      `json:"entry" zh:"登记结果编号" en:"entry"`
	Resource     ledger.ID      `json:"resource" zh:"资源编号" en:"resource"`
	CadCode      ledger.CadCode `json:"cad_code" zh:"平台编号" en:"platform number"`
	RegistryCode string         `json:"registry_code,omitempty" form:"pattern=registry_code" zh:"登记结果查询码" en:"official code"`
	Title        string         `json:"title" zh:"名称" en:"title"`
	Description  string         `json:"description" zh:"摘要" en:"summary"`
	Holder       Named          `json:"holder" zh:"持有或管理单位" en:"who holds or manages it"`
	Body         Named          `json:"registry_body" zh:"登记机构" en:"registry body"`
	ValidFrom    ledger.Date    `json:"valid_from" zh:"赋码日" en:"day of coding"`
	ValidUntil   ledger.Date    `json:"valid_until" zh:"有效期至（含）" en:"last day"`
	Status       Status         `json:"status" form:"enum=entry_statuses" zh:"当日状态" en:"status today"`
	Region       ledger.Region  `json:"region" zh:"区划" en:"region"`
	Domain       string         `json:"domain" form:"enum=domains" zh:"领域" en:"domain"`
	Sector       string         `json:"sector" form:"pattern=gbt4754" zh:"行业" en:"sector"`
	Periodicity  string         `json:"accrual_periodicity" form:"enum=periodicities" zh:"更新频率" en:"how often it is updated"`
	SupplyMode   []string       `json:"supply_mode" form:"list=1..3,enum=supply_modes" zh:"供给方式" en:"how it is supplied"`
}

// facts returns the part of a summary that depends neither on the day nor on other
// records.
func facts(e ledger.EntryDetail) Summary {
	return Summary{
		Entry: e.ID, Resource: e.Subject, CadCode: e.CadCode, RegistryCode: e.RegistryCode, Title: e.Resource.Title,
		Description: e.Resource.Description, Holder: Named{ID: e.Holder}, Body: Named{ID: e.Body}, ValidFrom: e.ValidFrom,
		ValidUntil: e.ValidUntil, Region: e.Resource.Spatial, Domain: e.Resource.Domain, Sector: e.Resource.Sector,
		Periodicity: e.Resource.Periodicity, SupplyMode: e.Resource.SupplyMode,
	}
}

// Entry returns a registration with the submitted resource, or NotFound. It contains
// data that is not public; Resource and Certificate return public data only.
func (r *Registry) Entry(ctx context.Context, id ledger.ID) (ledger.EntryDetail, error) {
	return readmodel.One[ledger.EntryDetail](ctx, r.read, missing("entry"), "SELECT value FROM registry_entry_detail WHERE id = ?", id)
}

// EntryByCode returns the id of the entry with a platform number or official code, or
// NotFound.
func (r *Registry) EntryByCode(ctx context.Context, code string) (ledger.ID, error) {
	return readmodel.One[ledger.ID](ctx, r.read, missing("code"),
		"SELECT json_quote(id) FROM registry_entry WHERE cad_code = ?1 OR registry_code = ?1 ORDER BY cad_code = ?1 DESC LIMIT 1", code)
}

// EntryOf returns the last entry of a resource; NotFound until it is coded.
func (r *Registry) EntryOf(ctx context.Context, resource ledger.ID) (ledger.EntryDetail, error) {
	return readmodel.One[ledger.EntryDetail](ctx, r.read, missing("resource"),
		"SELECT value FROM registry_entry_detail WHERE subject = ? ORDER BY n DESC LIMIT 1", resource)
}

// Resource returns the public part of a registered resource; NotFound until it is
// coded.
func (r *Registry) Resource(ctx context.Context, id ledger.ID) (Summary, error) {
	e, err := r.EntryOf(ctx, id)
	if err != nil {
		return Summary{}, err
	}
	s := facts(e)
	s.Status = statusOf(e.Entry, r.today())
	s.Holder.Name, s.Body.Name, err = r.names(ctx, e.Entry)
	return s, err
}

func (r *Registry) names(ctx context.Context, e ledger.Entry) (holder, body string, err error) {
	if holder, err = nameOf(ctx, r.read, e.Holder); err != nil {
		return "", "", err
	}
	body, err = nameOf(ctx, r.read, e.Body)
	return holder, body, err
}

// LineKind says how to read a line of a certificate.
type LineKind string

// Kinds of a line. An empty kind means that the line is not filled in yet.
const (
	LineParty   LineKind = "party"   // the named party has the right
	LineLicense LineKind = "license" // the named license gives the right
	LineList    LineKind = "list"    // several licenses give the right: see their list
	LineNobody  LineKind = "none"    // nobody has the right
)

// RightLine is one of the three lines of a certificate.
type RightLine struct {
	Kind    LineKind    `json:"kind" form:"enum=line_kinds" zh:"如何解读" en:"how it is to be read"`
	Party   *Named      `json:"party,omitempty" zh:"单位" en:"party"`
	License ledger.ID   `json:"license,omitempty" zh:"所依授权" en:"by this license"`
	From    ledger.Date `json:"from,omitempty" zh:"起始日" en:"first day"`
	Until   ledger.Date `json:"until,omitempty" zh:"截止日（含）" en:"last day"`
}

// Lines are the three rights in a certificate. Use and Operate come from
// licenses and are filled in by the caller.
type Lines struct {
	Hold    RightLine `json:"hold" zh:"持有或管理" en:"held or managed by"`
	Use     RightLine `json:"use" zh:"授权使用" en:"authorized to use"`
	Operate RightLine `json:"operate" zh:"授权经营" en:"authorized to operate"`
}

// StatementFormal is the key of the sentence on every certificate: the examination was
// formal and does not decide ownership (R11).
const StatementFormal = "certificate.formal_examination"

// Certificate describes an entry, its rights and its status today. It is
// signed by the signature of the call Coding.
type Certificate struct {
	Entry        ledger.ID      `json:"entry_id" zh:"登记结果编号" en:"entry"`
	SubjectType  string         `json:"subject_type" form:"enum=subject_types" zh:"登记对象种类" en:"what is registered"`
	Subject      ledger.ID      `json:"subject_id" zh:"登记对象编号" en:"id of what is registered"`
	SubjectHash  ledger.Digest  `json:"subject_hash" zh:"登记申请内容的 SHA-256" en:"SHA-256 of the application call"`
	Title        string         `json:"title" zh:"名称" en:"title"`
	Holder       Named          `json:"holder" zh:"持有或管理单位" en:"who holds or manages it"`
	Rights       Lines          `json:"rights" zh:"三条权能" en:"the three lines"`
	RegistryCode string         `json:"registry_code,omitempty" form:"pattern=registry_code" zh:"登记结果查询码" en:"official code"`
	CadCode      ledger.CadCode `json:"cad_code" zh:"平台编号" en:"platform number"`
	IssuedOn     ledger.Date    `json:"issued_on" zh:"赋码日" en:"day of coding"`
	ValidUntil   ledger.Date    `json:"valid_until" zh:"有效期至（含）" en:"last day"`
	Body         Named          `json:"registry_body" zh:"登记机构" en:"registry body"`
	Status       Status         `json:"status" form:"enum=entry_statuses" zh:"当日状态" en:"status on that day"`
	AsOf         ledger.Date    `json:"as_of" zh:"状态所属日" en:"day of the status"`
	Statement    string         `json:"statement" zh:"凭证声明" en:"statement of the certificate"`
	Coding       ledger.Cite    `json:"coding" zh:"赋码请求的引用" en:"call that coded it"`
}

// Certificate returns the certificate of the entry with a platform number or official
// code, or NotFound.
func (r *Registry) Certificate(ctx context.Context, code string) (Certificate, error) {
	type coded struct {
		Value  ledger.EntryDetail
		Coding ledger.Cite
	}
	c, err := readmodel.One[coded](ctx, r.read, missing("code"), "SELECT json_object('Value', json(value), 'Coding', json(coding)) "+
		"FROM registry_entry_detail WHERE cad_code = ?1 OR registry_code = ?1 ORDER BY cad_code = ?1 DESC LIMIT 1", code)
	if err != nil {
		return Certificate{}, err
	}
	e, day := c.Value, r.today()
	holder, body, err := r.names(ctx, e.Entry)
	if err != nil {
		return Certificate{}, err
	}
	named := Named{e.Holder, holder}
	return Certificate{
		Entry: e.ID, SubjectType: e.SubjectType, Subject: e.Subject, SubjectHash: e.SubjectHash, Title: e.Resource.Title,
		Holder: named, Rights: Lines{Hold: RightLine{Kind: LineParty, Party: &named, From: e.ValidFrom, Until: e.ValidUntil}},
		RegistryCode: e.RegistryCode, CadCode: e.CadCode, IssuedOn: e.ValidFrom, ValidUntil: e.ValidUntil,
		Body: Named{e.Body, body}, Status: statusOf(e.Entry, day), AsOf: day, Statement: StatementFormal, Coding: c.Coding,
	}, nil
}

// describe decodes the fields of a submitted resource that are shown or searched.
func describe(e *ledger.EntryDetail, submission []byte) error {
	r := &e.Resource
	return json.Unmarshal(submission, &struct {
		Resource any `json:"resource"`
	}{&struct {
		Title       *string        `json:"title"`
		Description *string        `json:"description"`
		Domain      *string        `json:"domain"`
		Sector      *string        `json:"sector"`
		Spatial     *ledger.Region `json:"spatial"`
		Periodicity *string        `json:"accrual_periodicity"`
		SupplyMode  *[]string      `json:"supply_mode"`
		Keywords    *[]string      `json:"keywords"`
	}{&r.Title, &r.Description, &r.Domain, &r.Sector, &r.Spatial, &r.Periodicity, &r.SupplyMode, &r.Keywords}})
}

// summary returns the summary for a row of a search.
func summary(entry, submission []byte, status Status, holder, body string) (Summary, error) {
	var e ledger.EntryDetail
	if err := json.Unmarshal(entry, &e.Entry); err != nil {
		return Summary{}, err
	}
	if err := describe(&e, submission); err != nil {
		return Summary{}, err
	}
	s := facts(e)
	s.Status, s.Holder.Name, s.Body.Name = status, holder, body
	return s, nil
}
