// Package policies decides: may this party use this resource for this purpose,
// under which license, until when. Recorded licenses become Casbin policies; Casbin
// gives the answer, and a prohibition overrides a permission. A second, small table
// (roles.csv) says who reads what: by role, by what the record says of the reader,
// and by region.
//
// A decision takes the same time however many licenses the party and all other
// parties have: an index finds those whose scope includes the resource, and Casbin
// is given the policies of one of them at a time. After Invalidate no new decision
// uses what a party's licenses were before. A property test compares the answers with
// ledger.License. The package does not know whether a party or an entry is
// suspended: licensing checks that first. It is the only importer of Casbin.
//
// Terms follow ODRL 2.2 (permission, prohibition, conflict: prohibit), the
// modes of authorization O9(4), and the levels of DSL21.
package policies
