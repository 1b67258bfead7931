package ledger

import "reflect"

// plannedTypes returns the structs whose plans are created when the program starts:
// the arguments of all acts, all records, details in answers of the API, and
// everything else that is decoded with every call. The structs inside them are
// included.
func plannedTypes() []any {
	list := []any{PartyProfile{}, LicenseTerms{}, ProductOffer{}, RotationProof{}, EnvironmentProof{}, Facts{}, Receipt{}, Call{}, Header{}, Error{}, ApplicationDetail{}, EntryDetail{}}
	for _, a := range acts {
		list = append(list, a.Args())
	}
	for _, k := range kinds {
		list = append(list, reflect.New(k.record).Interface())
	}
	return list
}
