package ledger

import "slices"

// Checks is the closed list of the checks of a formal examination (R11): that
// everything is there, not that it is true.
func Checks() []string { return list[string](checks) }

// RefusalReasons is the closed list of reasons for refusing an application or
// failing its examination (R6, R10).
func RefusalReasons() []Reason { return list[Reason](refusalReasons) }

// Validate checks the form.
func (a DepositArgs) Validate() error { return CheckForm("", &a) }

// Validate checks one document of an application.
func (m Material) Validate(field string) error { return CheckForm(field, &m) }

// Validate checks a review that is given by its hash. Its end is optional.
func (r Review) Validate(field string) error { return CheckForm(field, &r) }

// rules checks that a review does not end before it was made.
func (r Review) rules(f *faults) {
	if r.ValidUntil != "" && f.sound("on", "valid_until") && r.ValidUntil < r.On {
		f.refuse(Invalid("valid_until", "not_before_on").quote(string(r.ValidUntil)).With("min", string(r.On)))
	}
}

// ends checks that a review has an end, as the review of a product must (O14(3)).
func (r Review) ends(f *faults, field string) {
	if r.ValidUntil == "" {
		f.refuse(r.ValidUntil.Validate(field + ".valid_until"))
	}
}

// Validate checks the form of an application: the resource, and documents of every
// group that R9(1) requires.
func (a AppSubmitArgs) Validate() error { return CheckForm("", &a) }

// rules checks that no group of materials is missing (R9(1)).
func (a AppSubmitArgs) rules(f *faults) {
	if !f.sound("materials") {
		return
	}
	for _, g := range MaterialGroups() {
		if !slices.ContainsFunc(a.Materials, func(m Material) bool { return m.Group == g }) {
			f.refuse(Refuse(InvalidCode, ReasonIncomplete).At("materials").By("R9(1)").With("group", string(g)))
		}
	}
}

// Validate checks the form.
func (a AppResubmitArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a AppStepArgs) Validate() error { return CheckForm("", &a) }

// Validate checks that there is at least one defect, and that each is listed once.
func (a AppReturnArgs) Validate() error { return CheckForm("", &a) }

func (a AppReturnArgs) rules(f *faults) {
	if !f.sound("defects") {
		return
	}
	for i, d := range a.Defects {
		if slices.ContainsFunc(a.Defects[:i], d.Same) {
			f.refuse(Invalid(at("defects", i), "not_twice").quote(d.Field + " " + d.Rule))
		}
	}
}

// Validate checks one defect.
func (d Defect) Validate(field string) error { return CheckForm(field, &d) }

// Same reports whether two defects are about the same place and the same rule, even
// if they are explained differently.
func (d Defect) Same(e Defect) bool { return d.Field == e.Field && d.Rule == e.Rule }

// Validate checks the form.
func (a AppRefuseArgs) Validate() error { return CheckForm("", &a) }

// Validate checks that all three checks of R11 were made.
func (a AppPassArgs) Validate() error { return CheckForm("", &a) }

// Validate checks that an objection has a ground and evidence (R12).
func (a AppObjectArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a AppDecideArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form. The official code is opaque, but must not look like a
// code of Cadastre, since both share one index.
func (a AppCodeArgs) Validate() error { return CheckForm("", &a) }
