package node_test

import (
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// TestADiskWithoutInodesHasNoRoomForUploads: below 10,000 or 1 % of them, if the file
// system has a number of them. Calls make no files.
func TestADiskWithoutInodesHasNoRoomForUploads(t *testing.T) {
	for _, c := range []struct {
		free, files int64
		min         string // empty if there is room
	}{
		{10_000, 100_000, ""},
		{9_999, 100_000, "10000"},
		{100_000, 10_000_000, ""},
		{99_999, 10_000_000, "100000"},
		{0, 10_000_000, "100000"},
		{0, 0, ""},
		{-1, -1, ""},
	} {
		uploads, calls := node.Room(c.free, c.files)
		e := ledger.AsError(uploads)
		if calls != nil || (uploads == nil) != (c.min == "") {
			t.Errorf("%d of %d inodes: %v for uploads, %v for calls", c.free, c.files, uploads, calls)
		} else if e != nil && (e.Reason != ledger.ReasonDisk || e.Param("min") != c.min || e.Param("unit") != "inodes") {
			t.Errorf("%d of %d inodes: %v", c.free, c.files, e)
		}
	}
}
