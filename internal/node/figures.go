package node

import (
	"context"
	"maps"
	"time"

	"github.com/datacadastre/cadastre/internal/api"
)

// figures returns what the node measures of itself. It reads counters, the sizes of its
// disks and the note of the last backup; its cost does not grow with what is stored.
func (n *Node) figures() api.Figures {
	f := api.Figures{
		Health: n.health(context.Background()), Market: n.market.Counts(), Behind: n.pulse.waited(n.opts.Now()), Disks: n.disk.disks(),
		Queues: map[string]int{"receipts": n.receipts.Waiting()},
		StoreErrors: map[string]int64{
			"ledger": n.tally.ledgerErrors.Load(), "receipts": n.receipts.Failures(), "objects": n.tally.objectErrors.Load(),
		},
	}
	if n.own != nil {
		f.Queues["calls"] = n.own.Waiting()
	}
	if last, err := LastBackup(n.opts.Dir); err == nil && last != nil {
		f.BackedUp, f.BackupAge = true, max(0, n.opts.Now().Sub(time.UnixMilli(int64(last.At))))
	}
	n.tally.mu.Lock()
	defer n.tally.mu.Unlock()
	f.Recorded, f.Denied, f.Allowed = maps.Clone(n.tally.recorded), maps.Clone(n.tally.denied), n.tally.allowed
	return f
}

// disks returns the space on the node's disks. A disk that can't be asked is left out.
func (d *disk) disks() (list []api.Disk) {
	for i, f := range d.folders {
		s, err := d.space(f)
		if err != nil {
			continue
		}
		uploads, _ := d.uploadFloors(s)
		list = append(list, api.Disk{
			Name: []string{"node", "objects"}[i], Free: s.free, Size: s.size, FreeFiles: max(s.freeFiles, 0), Files: s.files,
			UploadFloor: uploads, Floor: d.limits.FreeForCalls,
		})
	}
	return list
}
