package ledger

// Limits of form of licenses.
const (
	maxPurposes   = 50
	maxAffiliates = 50
	maxWord       = 64 // bytes of a purpose's code, runes of a document's number
)

// SelectionMethods is the closed list of ways to choose an operator (O12).
func SelectionMethods() []string {
	return []string{"open_tender", "invited_tender", "negotiation", "other"}
}

// Validate checks the form of an offer: all that can be said without knowing
// other records or the day.
func (l LicenseTerms) Validate() error {
	return First(
		l.ID.Validate("id"),
		OneOf("mode", l.Mode, Modes()),
		l.Region.Validate("region"),
		l.checkScope(),
		l.checkParties(),
		l.checkDocuments(),
		l.checkTerm(),
		l.Limits.check("limits"),
		checkIDs("environments", l.Environments, 0, MaxList),
		checkOptional(string(l.Supersedes), func() error { return l.Supersedes.Validate("supersedes") }),
	)
}

// checkScope holds the three modes apart (domain §3.2).
func (l LicenseTerms) checkScope() error {
	domains, resources, purposes := bound{0, 0}, bound{0, 0}, bound{1, maxPurposes}
	switch l.Mode {
	case Domain:
		domains = bound{1, len(Domains())}
	case Scenario:
		resources, purposes = bound{1, MaxList}, bound{1, 1}
	case Whole:
	}
	if err := First(CheckList("domains", l.Domains, domains.least, domains.most),
		checkIDs("resource_ids", l.Resources, resources.least, resources.most),
		checkIDs("excluded", l.Excluded, 0, MaxList),
		checkPurposes("purpose", l.Purposes, purposes, l.Mode != Scenario),
		CheckList("actions", l.Actions, 1, len(Actions()))); err != nil {
		return err
	}
	for i, d := range l.Domains {
		if err := OneOf(at("domains", i), d, Domains()); err != nil {
			return err
		}
	}
	for i, a := range l.Actions {
		if err := OneOf(at("actions", i), a, Actions()); err != nil {
			return err
		}
	}
	for i, id := range l.Excluded {
		if contains(l.Resources, id) {
			return Invalid(at("excluded", i), "not_in_resource_ids")
		}
	}
	return nil
}

type bound struct{ least, most int }

func (l LicenseTerms) checkParties() error {
	if err := First(l.Assigner.Validate("assigner"), l.Assignee.Validate("assignee"),
		CheckList("affiliates", l.Affiliates, 0, maxAffiliates)); err != nil {
		return err
	}
	if l.Assigner == l.Assignee {
		return Invalid("assignee", "differs_from_assigner")
	}
	for i, u := range l.Affiliates {
		if err := u.Validate(at("affiliates", i)); err != nil {
			return err
		}
	}
	return nil
}

// checkDocuments: the basis, how the operator was chosen, who decided (O12, O13).
func (l LicenseTerms) checkDocuments() error {
	if l.Plan != "" {
		return Invalid("plan_id", "not_yet_recorded")
	}
	if l.Agreement != "" {
		return Invalid("agreement_id", "not_yet_recorded")
	}
	if err := First(
		CheckText("basis.title", l.Basis.Title, 1, MaxName),
		CheckText("basis.number", l.Basis.Number, 1, maxWord),
		l.Basis.SHA256.Validate("basis.document_hash"),
		l.Basis.SignedOn.Validate("basis.signed_on"),
		OneOf("selection.method", l.Selection.Method, SelectionMethods()),
		l.Selection.Date.Validate("selection.date"),
		l.Selection.SHA256.Validate("selection.hash"),
		CheckText("decision.minutes_no", l.Decision.MinutesNo, 1, maxWord),
		l.Decision.Date.Validate("decision.date"),
		l.Decision.SHA256.Validate("decision.hash"),
		CheckText("filing_no", l.FilingNo, 0, maxWord),
		checkOptional(string(l.Clauses), func() error { return l.Clauses.Validate("clauses") }),
	); err != nil {
		return err
	}
	if l.Decision.Date > l.Basis.SignedOn {
		return Invalid("decision.date", "not_after_signing").With("signed_on", string(l.Basis.SignedOn))
	}
	return nil
}

func (l LicenseTerms) checkTerm() error {
	return checkTerm(l.StartOn, l.EndOn)
}

func checkTerm(start, end Date) error {
	if err := First(start.Validate("start_on"), end.Validate("end_on")); err != nil {
		return err
	}
	if end < start {
		return Invalid("end_on", "not_before_start")
	}
	return nil
}

func (q Quota) check(field string) error {
	if q.Uses < 0 {
		return Invalid(field+".uses", "not_negative")
	}
	if q.Bytes < 0 {
		return Invalid(field+".bytes", "not_negative")
	}
	return nil
}

// Validate checks the form: a class and a word. The code may be empty, meaning
// any of the class, only where anyOfClass says so.
func (p Purpose) Validate(field string, anyOfClass bool) error {
	if err := OneOf(field+".class", p.Class, PurposeClasses()); err != nil {
		return err
	}
	if p.Code == "" && !anyOfClass {
		return Invalid(field+".code", "required")
	}
	if len(p.Code) > maxWord {
		return Invalid(field+".code", "max_length")
	}
	for i := range len(p.Code) {
		c := p.Code[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return Invalid(field+".code", "token_characters")
		}
	}
	return nil
}

func checkPurposes(field string, list []Purpose, b bound, anyOfClass bool) error {
	if err := CheckList(field, list, b.least, b.most); err != nil {
		return err
	}
	for i, p := range list {
		if err := p.Validate(at(field, i), anyOfClass); err != nil {
			return err
		}
	}
	return nil
}

func checkIDs(field string, list []ID, least, most int) error {
	if err := CheckList(field, list, least, most); err != nil {
		return err
	}
	for i, id := range list {
		if err := id.Validate(at(field, i)); err != nil {
			return err
		}
	}
	return nil
}

func checkOptional(value string, check func() error) error {
	if value == "" {
		return nil
	}
	return check()
}

// Validate checks the form.
func (a AnswerArgs) Validate() error {
	return First(a.ID.Validate("id"), a.Answers.Validate("answers"))
}

// Validate checks the form.
func (a EnvironmentArgs) Validate() error {
	if err := First(a.ID.Validate("id"), a.Operator.Validate("operator"), a.Region.Validate("region"),
		a.Attestation.Validate("attestation_hash"), a.Key.Validate("key")); err != nil {
		return err
	}
	if a.Proof == "" {
		return Invalid("proof", "required")
	}
	return nil
}
