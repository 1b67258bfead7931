// Package node is the one place where ledger, domains, stores and web become a
// running node. It lays out the node's folder (protocol §2), begins a ledger or
// joins one that others keep, too (§6), opens everything in the right order
// (§7), keeps the receipt log anchored, and hands each part what it may know of
// the others. Which ledger and which store of content it is, node.json says.
//
// It promises that a folder serves one process, that what does not fit together
// is refused at the start with the file or setting at fault, and that nothing is
// delivered while a known block is not applied or receipts are too long without
// an anchor. It can't tell that its whole folder is an older copy, unless the
// ledger is shared. It knows other nodes only by what the ledger says of them.
package node
