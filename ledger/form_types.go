package ledger

import "reflect"

// plannedTypes are the structs whose plans are made when the program starts: the
// arguments of all acts, all records, details as the API answers them, and what else is read with every call. The
// structs within them come along.
func plannedTypes() []any {
	list := []any{PartyProfile{}, LicenseTerms{}, ProductOffer{}, RotationProof{}, EnvironmentProof{}, Facts{}, Receipt{}, Call{}, Header{}, Error{}, ApplicationDetail{}, EntryDetail{}}
	for _, a := range acts {
		list = append(list, a.Args())
	}
	for _, t := range kinds {
		list = append(list, reflect.New(t).Interface())
	}
	return list
}
