package ledger

import (
	"encoding/json"
	"slices"
	"strings"
)

// Validate holds what is said of a resource to domain §6.2.
func (r Resource) Validate(field string) error {
	in := func(name string) string { return field + "." + name }
	if err := First(r.ID.Validate(in("id")), CheckText(in("title"), r.Title, 1, MaxName),
		CheckText(in("description"), r.Description, 20, MaxText), optional(r.Identifier, func() error { return CheckToken(in("identifier"), r.Identifier, 64) }),
		r.Publisher.Validate(in("publisher")), OneOf(in("catalog_class"), r.CatalogClass, []string{"base", "theme", "department"}),
		OneOf(in("domain"), r.Domain, Domains()), r.Spatial.Validate(in("spatial")), r.Temporal.validate(in("temporal")),
		OneOf(in("accrual_periodicity"), r.Periodicity, Periodicities()), r.checkKeywords(in("keywords"))); err != nil {
		return err
	}
	if !sectorForm.MatchString(r.Sector) {
		return Invalid(in("sector"), "gbt4754")
	}
	if r.Modified <= 0 {
		return Invalid(in("modified"), "unix_ms")
	}
	if r.LandingPage != "" && (len(r.LandingPage) > 500 || !strings.HasPrefix(r.LandingPage, "http://") && !strings.HasPrefix(r.LandingPage, "https://")) {
		return Invalid(in("landing_page"), "url")
	}
	return First(r.checkSource(in), r.checkItems(in), r.Quality.validate(in("quality")))
}

func optional(s string, check func() error) error {
	if s == "" {
		return nil
	}
	return check()
}

func (r Resource) checkKeywords(field string) error {
	if err := CheckList(field, r.Keywords, 0, 50); err != nil {
		return err
	}
	for i, k := range r.Keywords {
		if err := CheckText(at(field, i), k, 1, MaxName); err != nil {
			return err
		}
	}
	return nil
}

func (t Temporal) validate(field string) error {
	if err := t.Start.Validate(field + ".start"); err != nil {
		return err
	}
	if t.End == "" {
		return nil
	}
	if err := t.End.Validate(field + ".end"); err != nil {
		return err
	}
	if t.End < t.Start {
		return Invalid(field+".end", "not_before_start")
	}
	return nil
}

// checkSource: where the data come from and how they are given out.
func (r Resource) checkSource(in func(string) string) error {
	if err := First(OneOf(in("obtained"), r.Obtained, []string{"own", "shared", "delegated"}), r.SourceBasis.Validate(in("source_basis")),
		OneOf(in("share_type"), r.ShareType, []string{"unconditional", "conditional", "none"}),
		OneOf(in("open_type"), r.OpenType, []string{"open", "conditional", "closed"}),
		CheckList(in("supply_mode"), r.SupplyMode, 1, 3)); err != nil {
		return err
	}
	for i, m := range r.SupplyMode {
		if err := OneOf(at(in("supply_mode"), i), m, []string{"share", "open", "authorized_operation"}); err != nil {
			return err
		}
	}
	if r.SharerConsent != "" {
		return r.SharerConsent.Validate(in("sharer_consent"))
	}
	if r.Obtained == "shared" && slices.Contains(r.SupplyMode, "authorized_operation") {
		return Invalid(in("sharer_consent"), "O5")
	}
	return nil
}

// checkItems: level is the highest of the items (GB/T 43697, 就高从严), pi_status the worst.
func (r Resource) checkItems(in func(string) string) error {
	if err := First(OneOf(in("format"), r.Format, Formats()), OneOf(in("level"), r.Level, Levels()),
		r.LevelBasis.Validate(in("level_basis")), OneOf(in("pi_status"), r.PIStatus, PIStatuses())); err != nil {
		return err
	}
	switch {
	case r.RowCount < 0:
		return Invalid(in("row_count"), "not_negative")
	case r.ByteSize < 0:
		return Invalid(in("byte_size"), "not_negative")
	case len(r.Items) == 0 && r.ItemsObject == "":
		return Invalid(in("items"), "required")
	case len(r.Items) > MaxList:
		return Invalid(in("items"), "max_members")
	case r.ItemsObject != "" && len(r.Items) > 0:
		return Invalid(in("items_object"), "instead_of_items")
	}
	if r.ItemsObject != "" {
		return r.ItemsObject.Validate(in("items_object"))
	}
	if b, err := json.Marshal(r.Items); err != nil || len(b) > MaxItems {
		return Invalid(in("items"), "max_8_kib")
	}
	names := make([]string, len(r.Items))
	level, pi := 0, 0
	for i, it := range r.Items {
		if err := it.validate(at(in("items"), i)); err != nil {
			return err
		}
		names[i] = it.Name
		level = max(level, slices.Index(Levels(), it.Level))
		pi = max(pi, slices.Index(PIStatuses(), it.PIStatus))
	}
	if err := CheckList(in("items"), names, 1, MaxList); err != nil {
		return err
	}
	if slices.Index(Levels(), r.Level) < level {
		return Invalid(in("level"), "highest_of_items")
	}
	if slices.Index(PIStatuses(), r.PIStatus) != pi {
		return Invalid(in("pi_status"), "worst_of_items")
	}
	return nil
}

func (it Item) validate(field string) error {
	if err := First(CheckToken(field+".name", it.Name, 64), CheckText(field+".label", it.Label, 1, 200),
		CheckToken(field+".data_type", it.DataType, 32), OneOf(field+".level", it.Level, Levels()),
		OneOf(field+".pi_status", it.PIStatus, PIStatuses()),
		optional(it.CodeList, func() error { return CheckToken(field+".code_list", it.CodeList, 64) })); err != nil {
		return err
	}
	if it.Length < 0 {
		return Invalid(field+".length", "not_negative")
	}
	return nil
}

func (q Quality) validate(field string) error {
	for _, s := range []struct {
		name  string
		score int
	}{{"normative", q.Normative}, {"complete", q.Complete}, {"accurate", q.Accurate}, {"consistent", q.Consistent},
		{"timely", q.Timely}, {"accessible", q.Accessible}} {
		if s.score < 0 || s.score > 100 {
			return Invalid(field+"."+s.name, "0_to_100")
		}
	}
	return First(CheckText(field+".assessor", q.Assessor, 1, MaxName), q.AssessedOn.Validate(field+".assessed_on"))
}

func (r Review) validate(field string) error {
	return First(CheckText(field+".by", r.By, 1, MaxName), r.On.Validate(field+".on"), r.SHA256.Validate(field+".sha256"),
		optional(string(r.ValidUntil), func() error { return r.ValidUntil.Validate(field + ".valid_until") }))
}

func (m Material) validate(field string) error {
	if m.Bytes < 0 {
		return Invalid(field+".bytes", "not_negative")
	}
	return First(OneOf(field+".group", m.Group, MaterialGroups()), m.SHA256.Validate(field+".sha256"), m.Name.Validate(field+".name"))
}

// Validate checks the form.
func (a DepositArgs) Validate() error {
	if a.Bytes < 0 {
		return Invalid("bytes", "not_negative")
	}
	return a.SHA256.Validate("sha256")
}

// Validate checks the form, and that each group of materials of R9(1) is there.
func (a SubmitArgs) Validate() error {
	if err := First(a.Application.Validate("application"), a.Body.Validate("body"), a.Resource.Validate("resource"),
		a.Deposit.Validate("deposit_hash"), a.InternalReview.validate("internal_review")); err != nil {
		return err
	}
	if len(a.Materials) > MaxList {
		return Invalid("materials", "max_members")
	}
	for i, m := range a.Materials {
		if err := m.validate(at("materials", i)); err != nil {
			return err
		}
	}
	for _, g := range MaterialGroups() {
		if !slices.ContainsFunc(a.Materials, func(m Material) bool { return m.Group == g }) {
			return (&Error{Code: InvalidCode, Reason: ReasonIncomplete, Field: "materials", Rule: "R9(1)"}).With("group", string(g))
		}
	}
	return nil
}

// Validate checks the form.
func (a ResubmitArgs) Validate() error {
	return First(a.Answers.Validate("answers"), a.SubmitArgs.Validate())
}

// Validate checks the form.
func (a StepArgs) Validate() error {
	return First(a.Application.Validate("application"), a.Answers.Validate("answers"))
}

// Validate checks the form: all defects at once (R10).
func (a ReturnArgs) Validate() error {
	if err := a.StepArgs.Validate(); err != nil {
		return err
	}
	if len(a.Defects) == 0 || len(a.Defects) > 100 {
		return Invalid("defects", "1_to_100")
	}
	for i, d := range a.Defects {
		f := at("defects", i)
		if err := First(checkPath(f+".field", d.Field), CheckToken(f+".rule", d.Rule, 64)); err != nil {
			return err
		}
		if d.Note != nil {
			if err := d.Note.Validate(f + ".note"); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkPath holds the name of a member at fault, such as resource.items[3].label.
func checkPath(field, path string) error {
	return CheckToken(field, strings.NewReplacer("[", ".", "]", ".").Replace(path), 200)
}

// refusals are the grounds on which an application is refused (domain §2.6).
var refusals = []Reason{ReasonIncomplete, ReasonNonconforming, ReasonStateSecret, ReasonCoreData, ReasonSourceUnlawful,
	ReasonOwnership, ReasonJurisdiction, ReasonDuplicate}

// Validate checks the form.
func (a RefuseArgs) Validate() error {
	if err := First(a.StepArgs.Validate(), OneOf("reason", a.Reason, refusals)); err != nil {
		return err
	}
	if a.Note != nil {
		return a.Note.Validate("note")
	}
	return nil
}

// Validate checks the form: complete, consistent and admissible (R11).
func (a PassArgs) Validate() error {
	if err := First(a.StepArgs.Validate(), CheckList("checklist", a.Checklist, 3, 3)); err != nil {
		return err
	}
	for i, c := range a.Checklist {
		if err := OneOf(at("checklist", i), c, []string{"complete", "consistent", "admissible"}); err != nil {
			return err
		}
	}
	if a.Late != nil {
		return a.Late.Validate("late")
	}
	return nil
}

// Validate checks the form: evidence is needed (R12).
func (a ObjectArgs) Validate() error {
	if err := First(a.Application.Validate("application"), a.Objection.Validate("objection"), a.Answers.Validate("answers"),
		CheckToken("ground", a.Ground, 64), CheckList("evidence", a.Evidence, 1, 20)); err != nil {
		return err
	}
	for i, d := range a.Evidence {
		if err := d.Validate(at("evidence", i)); err != nil {
			return err
		}
	}
	if a.Person != nil {
		return a.Person.Validate("person")
	}
	return nil
}

// Validate checks the form.
func (a DecideArgs) Validate() error {
	return First(a.StepArgs.Validate(), a.Objection.Validate("objection"), a.Reason.Validate("reason"))
}

// Validate checks the form: the official code is 8 to 64 of [0-9A-Za-z.-] (domain §2.8).
func (a CodeArgs) Validate() error {
	if err := a.StepArgs.Validate(); err != nil || a.RegistryCode == "" {
		return err
	}
	if len(a.RegistryCode) < 8 || strings.ContainsAny(a.RegistryCode, "_:/") {
		return Invalid("registry_code", "registry_code")
	}
	return CheckToken("registry_code", a.RegistryCode, 64)
}
