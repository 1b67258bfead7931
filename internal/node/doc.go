// Package node is the one place where ledger, domains, stores and web become a
// running node. It lays out the node's folder (protocol §2), begins a ledger
// (§6), opens everything in the right order (§7), keeps the receipt log
// anchored, and hands each part what it may know of the others.
package node
