// Package ledgertest holds every implementation of the port ledger.Ledger to
// the same behavior: one conformance suite with a factory, a fault wrapper, and
// the fixtures (keys, a genesis, parties, signed calls) that tests of a ledger need.
//
// It promises that what passes Run can stand behind the port: idempotent calls,
// refusals that write nothing, committed reads, blocks in order and without
// gap. It does not check proofs of a backend (the factory may hand in a check),
// durability after a crash, or speed. Memory is a fake for tests of whatever
// stands on a ledger: it runs the real contract and keeps nothing.
//
// Standard: protocol §4 and §5; style §10.
package ledgertest
