// Package ledgertest checks that every implementation of ledger.Ledger behaves in the
// same way. It contains a conformance suite with a factory, a wrapper that simulates
// faults, and the fixtures (keys, a genesis, parties, signed calls) for tests of a ledger.
//
// An implementation that passes Run has idempotent calls, refusals that write nothing,
// committed reads, and blocks in order and without gaps. The suite does not check the
// proofs of a backend (the factory may provide a check), durability after a crash, or
// speed. Memory is a fake for tests of code that uses a ledger: it runs the real contract
// in memory.
package ledgertest
