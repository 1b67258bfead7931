// Package contract is the state machine that accepts or refuses calls. Every rule
// about what may be recorded on the ledger is in this package.
//
// The package is deterministic and does no I/O: the time comes from Env, records
// come from State, algorithms from the caller. Parse and Verify may run in parallel;
// Apply, Batch and Transaction run serially. A call reads committed state only,
// never its own writes, and produces at most one event. Nothing panics. The same
// code runs in the node and as Fabric chaincode.
//
// How a call is processed: Parse reads the JWS, FindKey loads the key, Verify checks
// the signature, and Apply makes the checks that all calls share (checkCall), then
// runs the rule of the call's function (rules). A rule gets its record from one of
// three frames: create, change, or handle for all other acts.
//
// Rules cite their source: R, O and P are the measures of 2025 on registration,
// authorized operation and price; "protocol" and "domain" are documents of this
// project.
package contract
