// Package integration tries the whole product on a real network, with faults: it
// has no code of its own, only tests with the build tag integration. They build
// the programs, boot a Fabric network of three organizations, run a node of each
// as a process, and kill what they stand on.
//
//	go test -tags integration -run Live ./internal/integration/
//
// It promises that nothing it started outlives it, also when a test panics or
// the tests are killed. Fabric's own binaries must be there (make fabric).
package integration
