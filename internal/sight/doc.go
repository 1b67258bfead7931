// Package sight says who may see what. Every read of the node asks it: a single
// record, a list, a trace, a bundle, a page. It knows of each record whose it is
// (ledger.Readers), in a table of the read model, and asks the one table of readers
// (package policies) by the reader's roles, by what the record says of him, and by
// the region that it lies in.
//
// It promises that what no row of that table allows is answered exactly as if it were
// not there; that a look which a row has noted leaves a receipt before anything is
// shown; and that a list has the records that its reader could read one by one.
package sight
