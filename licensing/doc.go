// Package licensing is the read model of licenses and environments, and of the facts
// that license decisions need: which resources are registered, with which region,
// domain and level, and which parties are active. With these and the policies it
// decides whether a party may use a resource.
//
// It promises that a decision names its revision, that nothing is allowed to a
// suspended party or on a suspended entry, and that its tables depend only on the
// events given to Project. It records nothing on the ledger: the contract does. It does
// not check orders, products, environments or limits.
//
// Terms follow ODRL 2.2 (assigner, assignee, permission, target, action) and the norm
// of authorized operation (O9, O12–O15).
package licensing
