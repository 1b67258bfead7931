// Package licensing keeps the read model of licenses and environments, and of
// the facts they are held against: which resources are registered, of which
// region, domain and level, and which parties are active. From these and the
// policies it answers whether a party may use a resource.
//
// It promises that a decision names the revision it rests on, that nothing is
// allowed to a party or on an entry that is suspended, and that its tables are a
// function of the events given to Project. It records nothing: that is the
// contract's. It does not look at orders, products, environments or limits.
//
// Terms follow ODRL 2.2 (assigner, assignee, permission, target, action) and the
// norm of authorized operation (O9, O12–O15).
package licensing
