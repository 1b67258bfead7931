package api

import (
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// Figures is what a node measures of itself. What only grows is counted since the node was
// opened, except the receipts, which are all in the log.
type Figures struct {
	Health      wire.Health
	Recorded    map[ledger.Function]int64 // calls that this node recorded, by function
	Allowed     int64                     // decisions about use that allowed it
	Denied      map[ledger.Reason]int64   // decisions that did not, by reason
	Market      marketplace.Counts
	Behind      time.Duration    // how long a known block has waited for the read model
	Queues      map[string]int   // what waits to be stored: calls, receipts
	StoreErrors map[string]int64 // failures of a store: ledger, receipts, objects
	Disks       []Disk
	BackedUp    bool          // there is a backup
	BackupAge   time.Duration // since the last one was complete
}

// Disk is the space on a disk of the node.
type Disk struct {
	Name               string // "node", or "objects" for the folder of content
	Free, Size         int64  // bytes
	FreeFiles, Files   int64  // inodes; Files is 0 if the file system has no number of them
	UploadFloor, Floor int64  // free bytes below which uploads, and everything that writes, are refused
}
