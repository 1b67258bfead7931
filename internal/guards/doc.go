// Package guards tests the tests of the contract. It takes one guard at a time out
// of package ledger/contract (a return of a refusal, or a check of a guard's error)
// and requires that a test of that package fails. It has no code of its own: its
// tests do the work, 20 guards of a seed at a time, when make guards asks for it.
package guards
