// Package contract is the one state machine that accepts or refuses calls:
// every rule about what may be recorded lives here and nowhere else.
//
// It is deterministic and does no I/O: time comes from Env, records from State
// by point reads, algorithms from the caller. Parse and Verify are pure and may
// run in parallel; Apply, Batch and Transaction are serial. A call reads
// committed state only, never its own writes, and yields at most one event.
// Nothing here panics. The same code runs in the node and as Fabric chaincode.
//
// Rules cite their source: R, O, P are the measures of 2025 on registration,
// authorized operation and price; "protocol" and "domain" are our own documents.
package contract
