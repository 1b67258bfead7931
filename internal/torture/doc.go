// Package torture holds the tests that ill-treat a running node: power cuts, kills at
// random moments, stores that fail, concurrent histories, and crowds of clients. All of
// it is test code. "make test" runs each test in a small size; "make torture" runs them
// in the size of its N, and docs/torture.md says what was tried.
package torture
