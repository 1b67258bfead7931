package node

import (
	"context"
	"encoding/json"
	"maps"
	"os"
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
	if at, ok := folder(n.opts.Dir).lastBackup(); ok {
		f.BackedUp, f.BackupAge = true, max(0, n.opts.Now().Sub(at))
	}
	n.tally.mu.Lock()
	defer n.tally.mu.Unlock()
	f.Recorded, f.Denied, f.Allowed = maps.Clone(n.tally.recorded), maps.Clone(n.tally.denied), n.tally.allowed
	return f
}

// lastBackup returns when the folder was last copied whole, as cadastre backup notes it.
func (d folder) lastBackup() (time.Time, bool) {
	b, err := os.ReadFile(d.path("backup.json"))
	if err != nil {
		return time.Time{}, false // never copied
	}
	var note struct {
		At time.Time `json:"at"`
	}
	if json.Unmarshal(b, &note) != nil {
		return time.Time{}, false
	}
	return note.At, !note.At.IsZero()
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
