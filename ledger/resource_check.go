package ledger

import (
	"encoding/json"
	"strconv"
)

// ShareTypes is the closed list of share_type (C 共享属性).
func ShareTypes() []string { return list[string](shareTypes) }

// OpenTypes is the closed list of open_type (dct:accessRights).
func OpenTypes() []string { return list[string](openTypes) }

// SupplyModes is the closed list of supply_mode.
func SupplyModes() []string { return list[string](supplyModes) }

// OpenTypeOpen is the open_type of a resource that anyone may have.
const OpenTypeOpen = "open"

// ModeAuthorized and ObtainedShared are the two words that together require the
// consent of the party that shared the data (O5).
const (
	ModeAuthorized = "authorized_operation"
	ObtainedShared = "shared"
)

// Obtainings is the closed list of obtained.
func Obtainings() []string { return list[string](obtainings) }

// CatalogClasses is the closed list of catalog_class.
func CatalogClasses() []string { return list[string](catalogClasses) }

// Validate checks everything in a resource that does not depend on other records or
// on the day.
func (r Resource) Validate(field string) error { return CheckForm(field, &r) }

// rules checks the members of a resource against each other.
func (r Resource) rules(f *faults) {
	r.checkSource(f)
	r.checkItems(f)
	r.checkClass(f)
}

// checkSource requires the consent of the party that shared the data, if they are
// to be operated (O5).
func (r Resource) checkSource(f *faults) {
	if r.SharerConsent == "" && r.Obtained == ObtainedShared && contains(r.SupplyMode, ModeAuthorized) {
		f.refuse(Invalid("sharer_consent", "O5"))
	}
}

// checkItems requires the information items, or, if they are too long for a call,
// the hash of the object that contains them.
func (r Resource) checkItems(f *faults) {
	if r.ItemsObject != "" {
		if len(r.Items) > 0 {
			f.refuse(Invalid("items_object", "not_beside_items"))
		}
		return
	}
	if len(r.Items) == 0 {
		f.refuse(Invalid("items", "required"))
		return
	}
	if !f.sound("items") {
		return
	}
	if b, err := json.Marshal(r.Items); err != nil || len(b) > MaxItems {
		f.refuse(Invalid("items", "max_bytes").With("value", strconv.Itoa(len(b))).With("limit", strconv.Itoa(MaxItems)))
	}
	names := make(map[string]bool, len(r.Items))
	for i := range r.Items {
		name := r.Items[i].Name
		if names[name] {
			f.refuse(Invalid(at("items", i)+".name", "not_twice").quote(name))
		}
		names[name] = true
	}
}

// Validate checks one information item.
func (i Item) Validate(field string) error { return CheckForm(field, &i) }

// Validate checks a span of days. Its end may be empty, but not before its start.
func (t Temporal) Validate(field string) error { return CheckForm(field, &t) }

func (t Temporal) rules(f *faults) {
	if t.End != "" && f.sound("start", "end") && t.End < t.Start {
		f.refuse(Invalid("end", "not_before_start").quote(string(t.End)).With("min", string(t.Start)))
	}
}

// checkClass checks that level and personal information are at least those of every
// item (就高从严, GB/T 43697-2024). It does not see items that are in an object.
func (r Resource) checkClass(f *faults) {
	if len(r.Items) == 0 || !f.sound("items") {
		return
	}
	level, pi := 0, 0
	for i := range r.Items {
		level = max(level, levels.place(string(r.Items[i].Level)))
		pi = max(pi, piStatuses.place(string(r.Items[i].PIStatus)))
	}
	if want := levels.Values[level].Word; f.sound("level") && string(r.Level) != want {
		f.refuse(Invalid("level", "max_of_items").quote(string(r.Level)).With("want", want))
	}
	if want := piStatuses.Values[pi].Word; f.sound("pi_status") && string(r.PIStatus) != want {
		f.refuse(Invalid("pi_status", "worst_of_items").quote(string(r.PIStatus)).With("want", want))
	}
}

// Validate checks the six scores and who gave them.
func (q Quality) Validate(field string) error { return CheckForm(field, &q) }
