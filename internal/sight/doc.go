// Package sight decides who may see what. Every read of the node asks it: a single
// record, a list, a trace, a bundle, a page. A table of the read model has the readers
// of each record (ledger.Readers). Package policies has the table of read rules. Sight
// asks it with the reader's roles, the reader's standing in the record, and the region
// of the record.
//
// It promises that a record which no rule allows is reported exactly like a missing
// record. If a rule demands a receipt of a read, the receipt is stored before anything
// is shown. A list has exactly the records that the reader could read one by one.
package sight
