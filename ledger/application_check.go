package ledger

import (
	"regexp"
	"slices"
	"strconv"
)

// Limits of form of an application (domain §6.3, ours).
const (
	maxEvidence = 20 // documents of one objection
	maxGround   = 64
)

var (
	registryCodeForm = regexp.MustCompile(`^[0-9A-Za-z.-]{8,64}$`)
	// defectForm takes names of members and short names of rules ("items[3].level",
	// "R9(1)", "domain §2.2"), no free text: a call is seen by all who get its bundle.
	defectForm = regexp.MustCompile(`^[0-9A-Za-z_.:/()\[\]§ -]{1,64}$`)
)

// Checks is the closed list of what a formal examination looks at (R11): all of
// it, and not whether it is true.
func Checks() []string { return []string{"complete", "consistent", "admissible"} }

// RefusalReasons is the closed list of grounds to refuse an application or to
// fail its examination (domain §2.6; R6, R10).
func RefusalReasons() []Reason {
	return []Reason{
		ReasonIncomplete, ReasonNonconforming, ReasonStateSecret, ReasonCoreData, ReasonSourceUnlawful,
		ReasonOwnership, ReasonJurisdiction, ReasonDuplicate,
	}
}

// Validate checks the form.
func (a DepositArgs) Validate() error {
	if a.Bytes < 0 {
		return Invalid("bytes", "not_negative")
	}
	return a.SHA256.Validate("sha256")
}

// Validate checks one document of an application.
func (m Material) Validate(field string) error {
	if m.Bytes < 1 {
		return Invalid(field+".bytes", "at_least_1")
	}
	return First(OneOf(field+".group", m.Group, MaterialGroups()), m.SHA256.Validate(field+".sha256"), m.Name.Validate(field+".name"))
}

// Validate checks an examination by hash; its end may be left open.
func (r Review) Validate(field string) error {
	if err := First(CheckText(field+".by", r.By, 1, MaxName), r.On.Validate(field+".on"), r.SHA256.Validate(field+".sha256")); err != nil {
		return err
	}
	if r.ValidUntil == "" {
		return nil
	}
	if err := r.ValidUntil.Validate(field + ".valid_until"); err != nil {
		return err
	}
	if r.ValidUntil < r.On {
		return Invalid(field+".valid_until", "not_before_on")
	}
	return nil
}

// Validate checks an application on its face: the resource, and documents of
// every group that R9(1) asks for.
func (a AppSubmitArgs) Validate() error {
	if err := First(a.Application.Validate("application"), a.Body.Validate("body"), a.Resource.Validate("resource"),
		a.Deposit.Validate("deposit_hash"), CheckList("materials", a.Materials, 1, MaxList)); err != nil {
		return err
	}
	given := map[MaterialGroup]bool{}
	for i, m := range a.Materials {
		if err := m.Validate(at("materials", i)); err != nil {
			return err
		}
		given[m.Group] = true
	}
	for _, g := range MaterialGroups() {
		if !given[g] {
			return Refuse(InvalidCode, ReasonIncomplete).At("materials").By("R9(1)").With("group", string(g))
		}
	}
	return a.InternalReview.Validate("internal_review")
}

// Validate checks the form.
func (a AppResubmitArgs) Validate() error {
	return First(a.Answers.Validate("answers"), a.AppSubmitArgs.Validate())
}

// Validate checks the form.
func (a AppStepArgs) Validate() error {
	return First(a.Application.Validate("application"), a.Answers.Validate("answers"))
}

// Validate checks that there is something to mend, each matter named once.
func (a AppReturnArgs) Validate() error {
	if err := a.AppStepArgs.Validate(); err != nil {
		return err
	}
	if len(a.Defects) == 0 {
		return Invalid("defects", "required")
	}
	if len(a.Defects) > MaxList {
		return Invalid("defects", "max_members").With("limit", strconv.Itoa(MaxList))
	}
	for i, d := range a.Defects {
		if err := d.Validate(at("defects", i)); err != nil {
			return err
		}
		if slices.ContainsFunc(a.Defects[:i], d.Same) {
			return Invalid(at("defects", i), "not_twice")
		}
	}
	return nil
}

// Validate checks one thing to mend.
func (d Defect) Validate(field string) error {
	if !defectForm.MatchString(d.Field) {
		return Invalid(field+".field", "defect_characters")
	}
	if !defectForm.MatchString(d.Rule) {
		return Invalid(field+".rule", "defect_characters")
	}
	return checkNote(field+".note", d.Note)
}

// Same reports whether two defects are the same matter: the same place against
// the same rule, however it is explained.
func (d Defect) Same(e Defect) bool { return d.Field == e.Field && d.Rule == e.Rule }

func checkNote(field string, s *Salted) error {
	if s == nil {
		return nil
	}
	return s.Validate(field)
}

// Validate checks the form.
func (a AppRefuseArgs) Validate() error {
	return First(a.AppStepArgs.Validate(), OneOf("reason", a.Reason, RefusalReasons()), checkNote("note", a.Note))
}

// Validate checks that all three checks of R11 were made.
func (a AppPassArgs) Validate() error {
	if err := First(a.AppStepArgs.Validate(), CheckList("checklist", a.Checklist, len(Checks()), len(Checks())),
		checkNote("late", a.Late)); err != nil {
		return err
	}
	for i, c := range a.Checklist {
		if err := OneOf(at("checklist", i), c, Checks()); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks that an objection has a ground and evidence (R12).
func (a AppObjectArgs) Validate() error {
	if err := First(a.Application.Validate("application"), a.Objection.Validate("objection"), a.Answers.Validate("answers"),
		CheckToken("ground", a.Ground, maxGround), CheckList("evidence", a.Evidence, 1, maxEvidence),
		checkNote("person", a.Person)); err != nil {
		return err
	}
	for i, d := range a.Evidence {
		if err := d.Validate(at("evidence", i)); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks the form.
func (a AppDecideArgs) Validate() error {
	return First(a.AppStepArgs.Validate(), a.Objection.Validate("objection"), a.Reason.Validate("reason"))
}

// Validate checks the form. The official code is opaque, but may not look like
// one of ours: the two share one index.
func (a AppCodeArgs) Validate() error {
	if err := a.AppStepArgs.Validate(); err != nil {
		return err
	}
	if a.RegistryCode == "" {
		return nil
	}
	if !registryCodeForm.MatchString(a.RegistryCode) {
		return Invalid("registry_code", "registry_code")
	}
	if CadCode(a.RegistryCode).Validate("registry_code") == nil {
		return Invalid("registry_code", "not_a_cad_code")
	}
	return nil
}
