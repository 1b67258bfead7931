// Package node combines ledger, domains and stores into a running node. It lays out the
// node's folder, creates a ledger or joins a shared one, opens all parts in order, anchors
// the receipt log, and gives each part what it needs from the others. node.json names the
// ledger and the store of content. Package web serves the node over HTTP.
//
// It guarantees that one process uses a folder at a time, that a start fails with the name
// of the file or setting at fault if parts do not fit together, and that nothing is
// delivered while a known block is not applied or receipts have been without an anchor
// for too long. It can't detect that its whole folder is an older copy, unless the ledger
// is shared. It knows about other nodes only what the ledger records.
package node
