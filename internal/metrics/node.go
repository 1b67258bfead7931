package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/ledger"
)

// desc describes a metric of the node.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cadastre_"+name, help, labels, nil)
}

var (
	ready     = desc("ready", "1 if the node can do everything, as /readyz says.")
	part      = desc("part_ready", "1 if a part of the node works: ledger, projection, anchors, objects, disk, clock.", "part")
	recorded  = desc("calls_recorded_total", "Calls that this node recorded, by function; its own anchors too.", "function")
	decisions = desc("decisions_total", "Decisions whether a party may use a resource, by result and, if denied, by reason.", "result", "reason")

	deliveries = desc("deliveries_running", "Running deliveries.")
	uploads    = desc("uploads_running", "Running uploads.")
	ended      = desc("deliveries_ended_total", "Deliveries that ended, by outcome: complete, partial (the client left), aborted (no longer allowed).", "outcome")
	sent       = desc("content_sent_bytes_total", "Bytes of content sent by deliveries.")
	received   = desc("content_received_bytes_total", "Bytes of content received by uploads.")

	reachable  = desc("ledger_reachable", "1 if the ledger answered the last question about its head.")
	head       = desc("ledger_head_block", "Last block of the ledger when it last answered.")
	projected  = desc("projected_block", "Last block in the read model.")
	behind     = desc("projection_lag_seconds", "How long a known block has waited for the read model; 0 if nothing waits.")
	receipts   = desc("receipts_total", "Receipts in the log.")
	anchored   = desc("receipts_anchored_total", "Receipts under an anchor on the ledger.")
	unanchored = desc("anchor_lag_seconds", "Time since all receipts were last anchored; 0 if all are.")

	queue       = desc("queue_length", "What waits to be stored: calls for the ledger, requests for the receipt log.", "queue")
	storeErrors = desc("store_errors_total", "Failures of a store: ledger, receipts, objects.", "store")
	backup      = desc("backup_age_seconds", "Time since the last complete backup; absent without one.")

	diskFree      = desc("disk_free_bytes", "Free bytes of the disk that has the node's folder, or its objects.", "disk")
	diskSize      = desc("disk_size_bytes", "Size of that disk.", "disk")
	diskFloor     = desc("disk_upload_floor_bytes", "Free bytes below which uploads are refused.", "disk")
	diskLastFloor = desc("disk_write_floor_bytes", "Free bytes below which everything that writes is refused.", "disk")
	diskFreeFiles = desc("disk_free_inodes", "Free inodes of that disk; absent if its file system has no number of them.", "disk")
)

// node collects the figures of a node.
type node struct{ figures func() api.Figures }

// Describe sends the descriptions of all its metrics.
func (node) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		ready, part, recorded, decisions, deliveries, uploads, ended, sent, received, reachable, head, projected, behind, receipts, anchored, unanchored,
		queue, storeErrors, backup, diskFree, diskSize, diskFloor, diskLastFloor, diskFreeFiles,
	} {
		to <- d
	}
}

// out sends metrics.
type out chan<- prometheus.Metric

func (to out) count(d *prometheus.Desc, v int64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (to out) gauge(d *prometheus.Desc, v float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (to out) is(d *prometheus.Desc, yes bool, labels ...string) {
	v := 0.0
	if yes {
		v = 1
	}
	to.gauge(d, v, labels...)
}

// Collect sends the node's figures.
func (n node) Collect(c chan<- prometheus.Metric) {
	to, f := out(c), n.figures()
	to.health(f)
	for function, n := range f.Recorded {
		to.count(recorded, n, string(function))
	}
	to.count(decisions, f.Allowed, "allowed", "")
	for reason, n := range f.Denied {
		to.count(decisions, n, "denied", string(reason))
	}
	to.gauge(deliveries, float64(f.Market.Deliveries))
	to.gauge(uploads, float64(f.Market.Uploads))
	for _, outcome := range []ledger.DeliveryOutcome{ledger.Complete, ledger.Partial, ledger.Aborted} {
		to.count(ended, f.Market.Ended[outcome], string(outcome))
	}
	to.count(sent, f.Market.Sent)
	to.count(received, f.Market.Received)
	for name, n := range f.Queues {
		to.gauge(queue, float64(n), name)
	}
	for name, n := range f.StoreErrors {
		to.count(storeErrors, n, name)
	}
	if f.BackedUp {
		to.gauge(backup, f.BackupAge.Seconds())
	}
	for _, d := range f.Disks {
		to.gauge(diskFree, float64(d.Free), d.Name)
		to.gauge(diskSize, float64(d.Size), d.Name)
		to.gauge(diskFloor, float64(d.UploadFloor), d.Name)
		to.gauge(diskLastFloor, float64(d.Floor), d.Name)
		if d.Files > 0 {
			to.gauge(diskFreeFiles, float64(d.FreeFiles), d.Name)
		}
	}
}

// health sends what /readyz says, and how far the parts are behind each other.
func (to out) health(f api.Figures) {
	h := f.Health
	to.is(ready, h.Ready)
	for _, p := range h.Parts {
		to.is(part, p.Ready, p.Part)
	}
	to.is(reachable, h.Ledger.Reachable)
	to.gauge(head, float64(h.Ledger.Head))
	to.gauge(projected, float64(h.Projected.Block))
	to.gauge(behind, f.Behind.Seconds())
	to.count(receipts, h.Receipts.Size)
	to.count(anchored, h.Receipts.Anchored)
	to.gauge(unanchored, float64(h.Receipts.Age))
}
