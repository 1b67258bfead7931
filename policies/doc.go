// Package policies decides: may this party use this resource for this purpose,
// under which license, until when. Licenses as they are recorded compile into
// Casbin policies; Casbin gives the answer, and deny overrides. A second, small
// table (roles.csv) says who reads what: by role, by what the record says of the
// reader, and by region.
//
// It promises that a decision never depends on how many other parties exist,
// that after Invalidate no new decision rests on what a party's licenses were
// before, and that Casbin agrees with ledger.License (a property test holds
// both against each other). It knows neither parties' nor entries' standing:
// licensing asks that first. It is the sole importer of Casbin.
//
// Terms follow ODRL 2.2 (permission, prohibition, conflict: prohibit), the
// modes of authorization O9(4), and the levels of DSL21.
package policies
