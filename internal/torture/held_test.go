package torture_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// held checks that a node still has what it acknowledged. It may be used again and again
// for one folder: it remembers the logs.
type held struct {
	dir              string
	ledger, receipts *tree
	calls            map[uint64]ledger.Signed     // by position
	starts, ends     map[ledger.ID]ledger.Receipt // by id of the start
}

// inspect starts the node of a folder, compares it with what was acknowledged, closes it,
// and reads the files: every database is sound, every object is whole, and nothing
// unfinished is left. With deep, both logs are audited call by call.
func (h *held) inspect(ctx context.Context, acks []ack, deep bool) error {
	s, err := serve(ctx, h.dir)
	if err != nil {
		return fmt.Errorf("the node does not start: %w", err)
	}
	err = h.logs(ctx, s, acks)
	for _, a := range acks {
		err = errors.Join(err, h.answered(ctx, s, a))
	}
	if err = errors.Join(err, s.stop()); err != nil {
		return err
	}
	if err := errors.Join(h.keys(ctx, acks), h.objects(ctx, acks, false), h.files(ctx)); err != nil || !deep {
		return err
	}
	return h.audit(ctx)
}

// logs reads what is new in both logs and compares it with the checkpoints that were seen.
func (h *held) logs(ctx context.Context, s *serving, acks []ack) error {
	c := s.cast("regulator")
	if h.ledger == nil {
		if err := h.begin(ctx, s); err != nil {
			return err
		}
	}
	is, err := health(ctx, c)
	if err != nil {
		return err
	}
	// Both logs sign a checkpoint of all that they have when they are opened.
	if err := errors.Join(h.ledger.follow(ctx, c.LedgerLog(), int64(is.Ledger.Head)), h.receipts.follow(ctx, c.ReceiptLog(), 0)); err != nil {
		return err
	}
	for start := range h.starts {
		if _, ended := h.ends[start]; !ended {
			err = errors.Join(err, fmt.Errorf("delivery %s has no end", start))
		}
	}
	for _, a := range acks {
		switch {
		case a.Ledger != "":
			err = errors.Join(err, h.ledger.saw(a.Ledger))
		case a.Receipts != "":
			err = errors.Join(err, h.receipts.saw(a.Receipts))
		}
	}
	return err
}

func (h *held) begin(ctx context.Context, s *serving) error {
	a, err := about(ctx, s.cast("regulator"))
	if err != nil {
		return err
	}
	h.calls, h.starts, h.ends = map[uint64]ledger.Signed{}, map[ledger.ID]ledger.Receipt{}, map[ledger.ID]ledger.Receipt{}
	if h.ledger, err = newTree(a.Logs[0], func(i int64, data []byte) error {
		e, err := evidence.ParseEntry(data)
		if err == nil {
			h.calls[uint64(i)], err = ledger.ParseCall(e.JWS)
		}
		return err
	}); err != nil {
		return err
	}
	h.receipts, err = newTree(a.ReceiptLog, func(_ int64, data []byte) error {
		var r ledger.Receipt
		err := json.Unmarshal(data, &r)
		switch r.Kind {
		case ledger.ReceiptStart:
			h.starts[r.ID] = r
		case ledger.ReceiptEnd:
			if _, twice := h.ends[r.Start]; twice {
				err = errors.Join(err, fmt.Errorf("delivery %s has two ends", r.Start))
			}
			h.ends[r.Start] = r
		case ledger.ReceiptIngest, ledger.ReceiptDenial, ledger.ReceiptRead:
		}
		return err
	})
	return err
}

// answered compares one acknowledgment with the logs and with what the node answers.
func (h *held) answered(ctx context.Context, s *serving, a ack) error {
	switch {
	case a.Call != nil:
		c, found := h.calls[a.Call.Block]
		if !found || c.Call.ID != a.Call.Call || c.Payload != a.Call.Payload {
			return fmt.Errorf("call %s is lost: entry %d is call %s", a.Call.Call, a.Call.Block, c.Call.ID)
		}
	case a.Object != nil:
		if _, found := h.receipts.leaves[a.Object.Receipt]; !found {
			return fmt.Errorf("object %s: its receipt is lost", a.Object.Object)
		}
	case a.Start != "":
		if _, found := h.starts[a.Start]; !found {
			return fmt.Errorf("delivery %s: its receipt is lost", a.Start)
		}
	case a.Arrived != nil:
		var p wire.Pending
		if err := s.cast("holder").Get(ctx, tus+"/"+a.Arrived.Upload, &p); err != nil || p.Arrived < a.Arrived.Bytes || p.Bytes != a.Arrived.Length {
			return fmt.Errorf("upload %s: %d of %d bytes had arrived, now %d of %d: %w", a.Arrived.Upload, a.Arrived.Bytes, a.Arrived.Length, p.Arrived, p.Bytes, err)
		}
	}
	return nil
}

// keys looks for the keys that the node has stored for parties.
func (h *held) keys(ctx context.Context, acks []ack) error {
	db, err := sqldb.OpenSnapshot(ctx, filepath.Join(h.dir, "node.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	for _, a := range acks {
		if a.Key == "" {
			continue
		}
		var n int
		if e := db.QueryRowContext(ctx, "SELECT count(*) FROM sealed_key WHERE kid = ?", string(a.Key)).Scan(&n); e != nil || n != 1 {
			err = errors.Join(err, fmt.Errorf("key %s is stored %d times: %w", a.Key, n, e))
		}
	}
	return err
}

// objects reads every object that was acknowledged, and looks at all others: each can be
// opened or is listed as remains, which the node removes. With whole, it reads those too.
func (h *held) objects(ctx context.Context, acks []ack, whole bool) error {
	dir := filepath.Join(h.dir, "objects")
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		return fmt.Errorf("objects/tmp holds %v after a start: %w", left, err)
	}
	key, err := seal.Load(filepath.Join(h.dir, "keys", "master"))
	if err != nil {
		return err
	}
	o, err := objects.OpenDisk(dir, key)
	if err != nil {
		return err
	}
	defer o.Close()
	for _, a := range acks {
		if a.Object != nil {
			err = errors.Join(err, readable(ctx, o, *a.Object))
		}
	}
	return errors.Join(err, o.List(ctx, func(i objects.Info) error {
		if i.Remains {
			return nil
		}
		info, err := o.Stat(ctx, i.ID)
		if err == nil && whole {
			err = readable(ctx, o, wire.Ingested{Object: i.ID, SHA256: ledger.Digest(info.SHA256)})
		}
		if err != nil {
			return fmt.Errorf("an object that can't be read: %w", err)
		}
		return nil
	}))
}

func readable(ctx context.Context, o objects.Objects, want wire.Ingested) error {
	r, err := o.Open(ctx, want.Object, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if got := ledger.DigestOf(b); err != nil || got != want.SHA256 {
		return fmt.Errorf("object %s has SHA-256 %s, acknowledged was %s: %w", want.Object, got, want.SHA256, err)
	}
	return nil
}

// files lets SQLite check every page and index, and looks for files that a program left
// when it was stopped.
func (h *held) files(ctx context.Context) error {
	return filepath.WalkDir(h.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".tmp":
			return fmt.Errorf("%s is left", path)
		case ".db":
			db, err := sqldb.OpenSnapshot(ctx, path)
			if err != nil {
				return err
			}
			defer db.Close()
			var found string
			if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil || found != "ok" {
				return fmt.Errorf("%s is not sound: %s: %w", e.Name(), found, err)
			}
		}
		return nil
	})
}

// audit replays the ledger, compares it with the state, and checks the receipts.
func (h *held) audit(ctx context.Context) error {
	b, err := os.ReadFile(filepath.Join(h.dir, "trust.json"))
	if err != nil {
		return err
	}
	trust, err := evidence.ParseTrust(b)
	if err != nil {
		return err
	}
	register, err := embedded.OpenSnapshot(ctx, filepath.Join(h.dir, "ledger.db"))
	if err != nil {
		return err
	}
	defer register.Close()
	log, err := receipts.OpenSnapshot(ctx, h.dir)
	if err != nil {
		return err
	}
	defer log.Close()
	report, err := audit.Run(ctx, audit.Config{
		Trust: trust, Algorithms: ledger.Standard(), Ledger: register, Folder: register,
		Receipts: func(context.Context, audit.Node) (audit.Log, error) { return log, nil },
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	var found []string
	for _, f := range report.Findings {
		found = append(found, fmt.Sprint(f))
	}
	if len(found) > 0 {
		return fmt.Errorf("audit: %s", strings.Join(found, "; "))
	}
	return nil
}
