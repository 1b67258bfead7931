// Package guards tests the tests of the contract. It removes one guard at a time from
// package ledger/contract (a return of a refusal, or a check of a guard's error) and
// requires that a test of that package fails. Its tests do the work: make guards runs
// them for 20 guards, chosen by a seed.
package guards
