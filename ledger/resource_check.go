package ledger

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Limits of form of a resource (domain §6.2).
const (
	maxScore      = 100
	maxIdentifier = 64
	maxTypeWord   = 32
	maxURL        = 500
)

// identifierForm is the shape of a catalogue code (C): class 1, item 2, list 3
// digits, finer list, a slash, the number in order.
var identifierForm = regexp.MustCompile(`^[0-9]{6,}/[0-9]+$`)

// ShareTypes is the closed list of share_type (C 共享属性).
func ShareTypes() []string { return []string{"unconditional", "conditional", "none"} }

// OpenTypes is the closed list of open_type (dct:accessRights).
func OpenTypes() []string { return []string{"open", "conditional", "closed"} }

// SupplyModes is the closed list of supply_mode.
func SupplyModes() []string { return []string{"share", "open", ModeAuthorized} }

// ModeAuthorized and ObtainedShared are the two words that together ask for the
// consent of whoever shared the data (O5).
const (
	ModeAuthorized = "authorized_operation"
	ObtainedShared = "shared"
)

// Obtainings is the closed list of obtained.
func Obtainings() []string { return []string{"own", ObtainedShared, "delegated"} }

// CatalogClasses is the closed list of catalog_class.
func CatalogClasses() []string { return []string{"base", "theme", "department"} }

// Validate checks all that can be said of a resource on its face: without other
// records and without the day.
func (r Resource) Validate(field string) error {
	in := func(name string) string { return join(field, name) }
	return First(
		r.ID.Validate(in("id")),
		checkTitle(in("title"), r.Title),
		CheckText(in("description"), r.Description, minDescription, MaxText),
		r.checkNames(in),
		r.checkPlace(in),
		r.checkSource(in),
		r.checkSharing(in),
		r.checkItems(in),
		r.checkClass(in),
		r.checkSize(in),
		r.Quality.Validate(in("quality")),
	)
}

// checkTitle refuses a title of which nothing is left to compare.
func checkTitle(field, s string) error {
	if err := CheckText(field, s, 1, MaxName); err != nil {
		return err
	}
	if FoldTitle(s) == "" {
		return Invalid(field, "letters_or_digits")
	}
	return nil
}

func (r Resource) checkNames(in func(string) string) error {
	if r.Identifier != "" && (len(r.Identifier) > maxIdentifier || !identifierForm.MatchString(r.Identifier)) {
		return Invalid(in("identifier"), "catalogue_code")
	}
	if err := First(r.Publisher.Validate(in("publisher")), CheckList(in("keywords"), r.Keywords, 0, MaxList)); err != nil {
		return err
	}
	for i, k := range r.Keywords {
		if err := CheckText(in(at("keywords", i)), k, 1, MaxName); err != nil {
			return err
		}
	}
	return checkPage(in("landing_page"), r.LandingPage)
}

// checkPage takes an address that a browser opens as a page, and nothing else.
func checkPage(field, s string) error {
	if s == "" {
		return nil
	}
	if err := CheckText(field, s, 1, maxURL); err != nil {
		return err
	}
	_, rest, found := strings.Cut(s, "://")
	host, _, _ := strings.Cut(rest, "/")
	if !found || !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") || host == "" ||
		strings.ContainsAny(s, " \n\t\"<>\\") || strings.Contains(host, "@") {
		return Invalid(field, "http_url")
	}
	return nil
}

func (r Resource) checkPlace(in func(string) string) error {
	if err := First(
		OneOf(in("catalog_class"), r.CatalogClass, CatalogClasses()),
		OneOf(in("domain"), r.Domain, Domains()),
		r.Spatial.Validate(in("spatial")),
		r.Temporal.Validate(in("temporal")),
		OneOf(in("accrual_periodicity"), r.Periodicity, Periodicities()),
	); err != nil {
		return err
	}
	if r.Sector == "" {
		return Invalid(in("sector"), "required")
	}
	if !sectorForm.MatchString(r.Sector) {
		return Invalid(in("sector"), "gbt4754")
	}
	if r.Modified <= 0 {
		return Invalid(in("modified"), "unix_ms")
	}
	return nil
}

// Validate checks a span of days: a beginning, and an end that does not come
// before it or is left open.
func (t Temporal) Validate(field string) error {
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

// checkSource wants the consent of whoever shared the data where they are to be
// operated (O5).
func (r Resource) checkSource(in func(string) string) error {
	if err := First(OneOf(in("obtained"), r.Obtained, Obtainings()), r.SourceBasis.Validate(in("source_basis"))); err != nil {
		return err
	}
	if r.SharerConsent != "" {
		return r.SharerConsent.Validate(in("sharer_consent"))
	}
	if r.Obtained == ObtainedShared && contains(r.SupplyMode, ModeAuthorized) {
		return Invalid(in("sharer_consent"), "O5")
	}
	return nil
}

func (r Resource) checkSharing(in func(string) string) error {
	if err := First(OneOf(in("share_type"), r.ShareType, ShareTypes()), OneOf(in("open_type"), r.OpenType, OpenTypes()),
		CheckList(in("supply_mode"), r.SupplyMode, 1, len(SupplyModes()))); err != nil {
		return err
	}
	for i, m := range r.SupplyMode {
		if err := OneOf(in(at("supply_mode", i)), m, SupplyModes()); err != nil {
			return err
		}
	}
	return nil
}

// checkItems wants the information items inline, or where their encoding is too
// long the object that holds them.
func (r Resource) checkItems(in func(string) string) error {
	if r.ItemsObject != "" {
		if len(r.Items) > 0 {
			return Invalid(in("items_object"), "not_beside_items")
		}
		return r.ItemsObject.Validate(in("items_object"))
	}
	if len(r.Items) == 0 {
		return Invalid(in("items"), "required")
	}
	if len(r.Items) > MaxList {
		return Invalid(in("items"), "max_members").With("limit", strconv.Itoa(MaxList))
	}
	if b, err := json.Marshal(r.Items); err != nil || len(b) > MaxItems {
		return Invalid(in("items"), "max_bytes").With("limit", strconv.Itoa(MaxItems))
	}
	names := make(map[string]bool, len(r.Items))
	for i, item := range r.Items {
		if err := item.Validate(in(at("items", i))); err != nil {
			return err
		}
		if names[item.Name] {
			return Invalid(in(at("items", i))+".name", "not_twice")
		}
		names[item.Name] = true
	}
	return nil
}

// Validate checks one information item.
func (i Item) Validate(field string) error {
	if i.Length < 0 {
		return Invalid(field+".length", "not_negative")
	}
	return First(
		CheckText(field+".name", i.Name, 1, MaxName),
		CheckText(field+".label", i.Label, 1, MaxName),
		CheckToken(field+".data_type", i.DataType, maxTypeWord),
		OneOf(field+".level", i.Level, Levels()),
		OneOf(field+".pi_status", i.PIStatus, PIStatuses()),
		CheckText(field+".code_list", i.CodeList, 0, MaxName),
	)
}

// checkClass holds level and personal information to the gravest of the items
// (就高从严, GB/T 43697-2024). Items kept in an object can't be seen here.
func (r Resource) checkClass(in func(string) string) error {
	if err := First(OneOf(in("level"), r.Level, Levels()), r.LevelBasis.Validate(in("level_basis")),
		OneOf(in("pi_status"), r.PIStatus, PIStatuses())); err != nil {
		return err
	}
	if len(r.Items) == 0 {
		return nil
	}
	level, pi := General, PINone
	for _, item := range r.Items {
		level = graver(Levels(), level, item.Level)
		pi = graver(PIStatuses(), pi, item.PIStatus)
	}
	if r.Level != level {
		return Invalid(in("level"), "max_of_items").With("want", string(level))
	}
	if r.PIStatus != pi {
		return Invalid(in("pi_status"), "worst_of_items").With("want", string(pi))
	}
	return nil
}

// graver is the later of two members of a list that goes from harmless to grave.
func graver[T comparable](list []T, a, b T) T {
	for _, v := range list {
		switch v {
		case a:
			return b
		case b:
			return a
		}
	}
	return a
}

func (r Resource) checkSize(in func(string) string) error {
	if err := OneOf(in("format"), r.Format, Formats()); err != nil {
		return err
	}
	if r.RowCount < 0 {
		return Invalid(in("row_count"), "not_negative")
	}
	if r.ByteSize < 0 {
		return Invalid(in("byte_size"), "not_negative")
	}
	return nil
}

// Validate checks the six scores and who gave them.
func (q Quality) Validate(field string) error {
	for _, s := range []struct {
		name  string
		score int
	}{
		{"normative", q.Normative},
		{"complete", q.Complete},
		{"accurate", q.Accurate},
		{"consistent", q.Consistent},
		{"timely", q.Timely},
		{"accessible", q.Accessible},
	} {
		if s.score < 0 || s.score > maxScore {
			return Invalid(field+"."+s.name, "0_to_100")
		}
	}
	return First(CheckText(field+".assessor", q.Assessor, 1, MaxName), q.AssessedOn.Validate(field+".assessed_on"))
}
