package ledger

// SelectionMethods is the closed list of ways to choose an operator (O12).
func SelectionMethods() []string { return list[string](selectionMethods) }

// Validate checks the form of an offer: everything that does not depend on other
// records or on the day.
func (l LicenseTerms) Validate() error { return CheckForm("", &l) }

// rules checks the members of an offer against each other.
func (l LicenseTerms) rules(f *faults) {
	l.checkScope(f)
	if l.Assigner == l.Assignee && f.sound("assigner", "assignee") {
		f.refuse(Invalid("assignee", "differs_from_assigner").quote(string(l.Assignee)))
	}
	if l.Plan != "" {
		f.refuse(Invalid("plan_id", "not_yet_recorded").quote(string(l.Plan)))
	}
	if l.Agreement != "" {
		f.refuse(Invalid("agreement_id", "not_yet_recorded").quote(string(l.Agreement)))
	}
	checkTerm(f, l.StartOn, l.EndOn)
}

// checkScope checks that the members fit the mode of the license.
func (l LicenseTerms) checkScope(f *faults) {
	if !f.sound("mode") {
		return
	}
	domains, resources := bound{0, 0}, bound{0, 0}
	switch l.Mode {
	case Domain:
		domains = bound{1, len(l.Domains)}
	case Scenario:
		resources = bound{1, len(l.Resources)}
		l.checkScenario(f)
	case Whole:
	}
	domains.check(f, "domains", len(l.Domains))
	resources.check(f, "resource_ids", len(l.Resources))
	for i, id := range l.Excluded {
		if contains(l.Resources, id) {
			f.refuse(Invalid(at("excluded", i), "not_in_resource_ids").quote(string(id)))
		}
	}
}

// checkScenario requires exactly one purpose, with a code.
func (l LicenseTerms) checkScenario(f *faults) {
	bound{1, 1}.check(f, "purpose", len(l.Purposes))
	for i, p := range l.Purposes {
		p.named(f, at("purpose", i))
	}
}

type bound struct{ lower, upper int }

// check checks the number of members of a list that has no other fault.
func (b bound) check(f *faults, field string, n int) {
	if e := checkCount(n, b.lower, max(b.lower, b.upper)); e != nil && f.sound(field) {
		f.refuse(e.At(field))
	}
}

func checkTerm(f *faults, start, end Date) {
	if f.sound("start_on", "end_on") && end < start {
		f.refuse(Invalid("end_on", "not_before_start").quote(string(end)).With("min", string(start)))
	}
}

// Validate checks the form of a purpose. The code may be empty, which means any
// purpose of the class, only if anyOfClass is set.
func (p Purpose) Validate(field string, anyOfClass bool) error {
	err := CheckForm(field, &p)
	if p.Code == "" && !anyOfClass {
		return Join(err, Invalid(join(field, "code"), "required"))
	}
	return err
}

// named checks that the purpose has a code, since a whole class is too wide here.
func (p Purpose) named(f *faults, field string) {
	if p.Code == "" && f.sound(field) {
		f.refuse(Invalid(field+".code", "required"))
	}
}

// Validate checks the form.
func (a AnswerArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a EnvironmentArgs) Validate() error { return CheckForm("", &a) }
