package ledger

import "slices"

// Checks is the closed list of what a formal examination looks at (R11): all of
// it, and not whether it is true.
func Checks() []string { return list[string](checks) }

// RefusalReasons is the closed list of grounds to refuse an application or to
// fail its examination (domain §2.6; R6, R10).
func RefusalReasons() []Reason { return list[Reason](refusalReasons) }

// Validate checks the form.
func (a DepositArgs) Validate() error { return CheckForm("", &a) }

// Validate checks one document of an application.
func (m Material) Validate(field string) error { return CheckForm(field, &m) }

// Validate checks an examination by hash; its end may be left open.
func (r Review) Validate(field string) error { return CheckForm(field, &r) }

// rules checks that a review does not end before it was made.
func (r Review) rules(f *faults) {
	if r.ValidUntil != "" && f.sound("on", "valid_until") && r.ValidUntil < r.On {
		f.refuse(Invalid("valid_until", "not_before_on").quote(string(r.ValidUntil)).With("min", string(r.On)))
	}
}

// ends checks that a review has an end, as a product's must (O14(3)).
func (r Review) ends(f *faults, field string) {
	if r.ValidUntil == "" {
		f.refuse(r.ValidUntil.Validate(field + ".valid_until"))
	}
}

// Validate checks an application on its face: the resource, and documents of
// every group that R9(1) asks for.
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

// Validate checks that there is something to mend, each matter named once.
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

// Validate checks one thing to mend.
func (d Defect) Validate(field string) error { return CheckForm(field, &d) }

// Same reports whether two defects are the same matter: the same place against
// the same rule, however it is explained.
func (d Defect) Same(e Defect) bool { return d.Field == e.Field && d.Rule == e.Rule }

// Validate checks the form.
func (a AppRefuseArgs) Validate() error { return CheckForm("", &a) }

// Validate checks that all three checks of R11 were made.
func (a AppPassArgs) Validate() error { return CheckForm("", &a) }

// Validate checks that an objection has a ground and evidence (R12).
func (a AppObjectArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form.
func (a AppDecideArgs) Validate() error { return CheckForm("", &a) }

// Validate checks the form. The official code is opaque, but may not look like
// one of ours: the two share one index.
func (a AppCodeArgs) Validate() error { return CheckForm("", &a) }
