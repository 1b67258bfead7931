package node

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// Free disk below which uploads are refused, unless limits.upload_free_disk_bytes is set.
const (
	floorPercent = 5
	floorBytes   = 2 << 30
)

// Free inodes below which uploads are refused. Only uploads make files without end, so
// there is no such floor for calls.
const (
	floorFilesPercent = 1
	floorFiles        = 10_000
)

// space is what a file system has. files, the number of its inodes, is not above 0 if it
// does not report them.
type space struct {
	free, size       int64 // bytes
	freeFiles, files int64 // inodes
}

// disk compares the free space of the node's disks with two floors: below the higher one
// uploads are refused, below the lower one everything that writes.
type disk struct {
	folders []string // one on each disk
	limits  Limits
	space   func(folder string) (space, error)
	full    atomic.Bool // what was logged last
}

func newDisk(d folder, s Settings) *disk {
	list := []string{string(d)}
	if s.Objects == nil || s.Objects.Kind == onDisk {
		list = append(list, d.path("objects")) // may be on another disk
	}
	return &disk{folders: list, limits: s.Limits, space: diskSpace}
}

// forUploads returns nil if there is room for uploads.
func (d *disk) forUploads() error {
	return d.above(d.uploadFloors)
}

// uploadFloors returns what must be free on a disk for uploads.
func (d *disk) uploadFloors(s space) (bytes, files int64) {
	files = max(floorFiles, s.files/100*floorFilesPercent)
	if set := d.limits.FreeForUploads; set > 0 {
		return set, files
	}
	return max(floorBytes, s.size/100*floorPercent), files
}

// forCalls returns nil if there is room for everything else that is written.
func (d *disk) forCalls() error {
	return d.above(func(space) (bytes, files int64) { return d.limits.FreeForCalls, 0 })
}

func (d *disk) above(floors func(space) (bytes, files int64)) error {
	for _, folder := range d.folders {
		s, err := d.space(folder)
		if err != nil {
			return err
		}
		bytes, files := floors(s)
		if s.free < bytes {
			return tooFull(s.free, bytes, "bytes")
		}
		if s.files > 0 && max(s.freeFiles, 0) < files {
			return tooFull(s.freeFiles, files, "inodes")
		}
	}
	return nil
}

func tooFull(free, least int64, unit string) error {
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonDisk).
		With("free", strconv.FormatInt(free, 10)).With("min", strconv.FormatInt(least, 10)).With("unit", unit)
}

// roomForUploads returns nil if uploads may be stored: the disk has room, and the clock can
// be trusted.
func (n *Node) roomForUploads() error {
	if err := n.Clock(); err != nil {
		return err
	}
	return n.disk.forUploads()
}

// roomForCalls returns nil if anything else may be written.
func (n *Node) roomForCalls() error {
	if err := n.Clock(); err != nil {
		return err
	}
	return n.disk.forCalls()
}

// watch logs when the disk becomes too full for uploads, and when there is room again.
func (d *disk) watch(ctx context.Context, log *slog.Logger) {
	err := d.forUploads()
	if d.full.Swap(err != nil) == (err != nil) {
		return
	}
	e := ledger.AsError(err)
	switch {
	case err == nil:
		log.InfoContext(ctx, "the disk has room for uploads again")
	case e == nil:
		log.ErrorContext(ctx, "free disk space unknown", slog.String("error", err.Error()))
	default:
		log.WarnContext(ctx, "the disk is too full for uploads", slog.String("free", e.Param("free")), slog.String("min", e.Param("min")),
			slog.String("unit", e.Param("unit")))
	}
}
