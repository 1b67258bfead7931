// Package integration tests the whole product on a real network, with faults. It has no
// code, only tests with the build tag integration. They build the programs, start a
// Fabric network of three organizations, run a node of each as a process, and kill the
// processes on which the nodes depend.
//
//	go test -tags integration -run Live ./internal/integration/
//
// It promises that no process it started outlives it, even if a test panics or the
// tests are killed. Fabric's own binaries must exist (make fabric).
package integration
