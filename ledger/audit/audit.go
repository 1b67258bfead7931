package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Config says what is audited.
type Config struct {
	Trust      evidence.Trust
	Algorithms ledger.Algorithms
	Ledger     Log   // of a ledger in a log of its own
	Chain      Chain // in its place, of a ledger on Fabric
	// Receipts opens the receipt log of a node, once the replay has come to its
	// admission. No log, and why, or nil, where it can't be read: the report says so.
	Receipts func(ctx context.Context, n Node) (Log, error)

	// Signed is what was known of the log before, by its origin: it must continue that.
	Signed func(origin string) (size int64, root ledger.Digest)
	// Folder is where the state itself is read, nil for a log alone.
	Folder Folder
	// Progress is told how many entries were replayed; it may be nil.
	Progress func(done, size int64)
}

// Folder is the state of a node's folder, at one moment.
type Folder interface {
	// Size returns how many entries led to it; the log has as many or more.
	Size(ctx context.Context) (int64, error)
	// Rows hands over every row.
	Rows(ctx context.Context, row func(key string, value []byte) error) error
}

// Run audits a ledger. The error says that it could not be done: something could not
// be read, or the log has no checkpoint by a key of the trust file. What is not as it
// must be is in the report.
func Run(ctx context.Context, c Config) (Report, error) {
	a := &auditor{
		config: c, replay: evidence.NewReplay(c.Trust.Genesis, c.Algorithms, c.Chain == nil), state: memory{},
		report: Report{Ledger: c.Trust.Ledger, Logs: []LogReport{}, Findings: []Finding{}},
	}
	read := a.log
	if c.Chain != nil {
		read = a.chain
	}
	a.verifier = verifyAll(c.Algorithms)
	err := read(ctx)
	failed := a.wait()
	if err != nil {
		return Report{}, err
	}
	for _, f := range failed {
		a.report.find(evidence.CheckSignature, f.at, f.err)
	}
	return a.report, a.end(ctx)
}

// auditor is one audit.
type auditor struct {
	config Config
	replay *evidence.Replay
	rule   evidence.Judge
	state  memory
	sum    ledger.StateSum // of state
	astray bool            // the last entry said another state
	none   int             // entries of the ledger log that are none
	logs   []*receiptLog   // of the nodes admitted so far
	last   ledger.Millis   // time of the last entry
	report Report

	*verifier
}

// memory is the state that the calls lead to.
type memory map[string][]byte

// Get implements contract.State.
func (m memory) Get(key string) ([]byte, bool, error) {
	v, ok := m[key]
	return v, ok, nil
}

// entry is an entry of the ledger log with the call that it records.
type entry struct {
	evidence.Placed
	signed ledger.Signed
}

func parse(data []byte) (e entry, err error) {
	if e.Placed, err = evidence.ParseEntry(data); err != nil {
		return e, err
	}
	e.signed, err = contract.Parse(e.JWS)
	return e, err
}

// log reads a ledger that is a log, under its newest checkpoint.
func (a *auditor) log(ctx context.Context) error {
	msg, err := a.config.Ledger.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint of the ledger log: %w", err)
	}
	signed, err := evidence.OpenCheckpoint(string(msg), a.config.Trust)
	if err != nil {
		return fmt.Errorf("ledger log: %w", err)
	}
	size, replayed := signed.Size, signed.Size
	if a.config.Folder != nil {
		if replayed, err = a.config.Folder.Size(ctx); err != nil {
			return fmt.Errorf("size of the folder: %w", err)
		}
		if replayed < size {
			return fmt.Errorf("the folder holds %d entries and has published %d: it is older than what it has published", replayed, size)
		}
	}
	a.report.Checkpoint = msg
	a.report.Origin, _, _ = strings.Cut(string(msg), "\n")
	before, known := int64(0), ledger.Digest("")
	if a.config.Signed != nil {
		before, known = a.config.Signed(a.report.Origin)
	}
	got, err := scan(ctx, a.config.Ledger, replayed, []int64{size, before}, parse, func(i int64, e entry, _ tlog.Hash, err error) error {
		if a.config.Progress != nil && i%Bundle == 0 {
			a.config.Progress(i, replayed)
		}
		return a.entry(ctx, i, e, err)
	})
	a.report.Size, a.report.Root, a.report.Last = size, digest(signed.Root), a.last
	if errors.Is(err, errNone) {
		a.report.find(evidence.CheckForm, a.report.Origin, err)
		return nil
	}
	if err != nil {
		return err
	}
	if got[size] != signed.Root {
		return fmt.Errorf("the entries of the ledger log are not those of its checkpoint of %d entries", size)
	}
	if known != "" && (before > size || digest(got[before]) != known) {
		a.report.find(evidence.CheckProof, a.report.Origin, fmt.Errorf("it does not continue the log of %d entries with the root %s that was signed before", before, known))
	}
	a.report.Replayed = replayed
	a.judge(uint64(replayed-1), a.last, 0)
	return nil
}

func digest(h tlog.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }

// errNone says that a log holds what is none of its entries, so that reading it on to
// the size that it signs might never end.
var errNone = fmt.Errorf("more than %d of its entries are none: it was not read on", MaxFindings)

// entry replays the next entry.
func (a *auditor) entry(ctx context.Context, i int64, e entry, err error) error {
	at := entryAt(uint64(i))
	if err == nil && e.Position.Block != uint64(i) {
		err = fmt.Errorf("it says that it is entry %d", e.Position.Block)
	}
	if err != nil {
		a.report.find(evidence.CheckForm, at, err)
		if a.none++; a.none > MaxFindings {
			return errNone
		}
		return nil
	}
	if i > 0 {
		a.judge(uint64(i-1), a.last, e.Time)
	}
	if e.Time < a.last {
		a.report.find(evidence.CheckOrder, at, errors.New("its time lies before the entry before it"))
	}
	a.last = max(a.last, e.Time)
	if _, err := a.call(ctx, at, e); err != nil {
		return err
	}
	a.compareState(at, e.State)
	return nil
}

// call replays a call on the state that those before it led to, and returns all that
// it wrote.
func (a *auditor) call(ctx context.Context, at string, e entry) ([]ledger.Write, error) {
	if e.signed.Call.Ledger != a.config.Trust.Ledger {
		a.report.find(evidence.CheckGenesis, at, fmt.Errorf("the call was made for ledger %s", e.signed.Call.Ledger))
	}
	key, err := contract.FindKey(a.state, e.signed)
	if err != nil {
		a.report.find(evidence.CheckKey, at, err)
	} else {
		a.check(signature{e.Position, at, e.signed, key})
	}
	r, err := a.replay.Apply(a.state, e.Placed, e.signed)
	if err != nil {
		a.report.failed(at, err)
	}
	a.write(r.Writes)
	for _, w := range r.Writes {
		if ledger.Ref(w.Key).Kind() == ledger.KindLog {
			if err := a.admitted(ctx, w.Key); err != nil {
				return nil, err
			}
		}
	}
	if e.signed.Call.Function == ledger.FnAnchor && r.Err == nil {
		if err := a.anchor(e.Placed, e.signed); err != nil {
			a.report.find(CheckAnchor, at, err)
		}
	}
	return r.Writes, nil
}

// write changes the state, and its sum, by what a call wrote.
func (a *auditor) write(writes []ledger.Write) {
	for _, w := range writes {
		if old, ok := a.state[w.Key]; ok {
			a.sum.Remove(w.Key, old)
			delete(a.state, w.Key)
		}
		if w.Value != nil {
			a.state[w.Key] = w.Value
			a.sum.Add(w.Key, w.Value)
		}
	}
}

// compareState compares the state that the calls lead to with what the entry says of
// it. Those that follow the first one astray say nothing more.
func (a *auditor) compareState(at string, signed ledger.Digest) {
	astray := a.sum.Digest() != signed
	if astray && !a.astray {
		a.report.find(CheckState, at, errors.New("the state that it signs is not the one that the calls lead to"))
	}
	a.astray = astray
}

// end checks what the whole says: the genesis, the receipt logs, and the rows.
func (a *auditor) end(ctx context.Context) error {
	g, ok, err := read[ledger.Genesis](a.state, ledger.GenesisRef)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		a.report.find(evidence.CheckGenesis, entryAt(0), errors.New("the ledger has no genesis"))
	case a.config.Trust.Demo != nil && *a.config.Trust.Demo != g.Demo:
		a.report.find(evidence.CheckGenesis, entryAt(0), errors.New("the trust file says otherwise whether it is a demonstration"))
	}
	a.report.Name, a.report.Demo = g.Name, g.Demo
	if err := a.endReceipts(); err != nil {
		return err
	}
	if a.config.Folder == nil {
		return nil
	}
	return a.rows(ctx)
}

// rows compares the rows of the folder with the state that the calls lead to.
func (a *auditor) rows(ctx context.Context) error {
	missing := maps.Clone(a.state)
	err := a.config.Folder.Rows(ctx, func(key string, value []byte) error {
		a.report.Records++
		want, ok := a.state[key]
		delete(missing, key)
		switch {
		case !ok:
			a.report.find(CheckState, key, errors.New("no call wrote this row"))
		case string(want) != string(value):
			a.report.find(CheckState, key, errors.New("the row is not what the calls wrote last"))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		a.report.find(CheckState, key, errors.New("the row is missing"))
	}
	return nil
}

// read reads a record of the state.
func read[R any](state memory, ref ledger.Ref) (record R, ok bool, err error) {
	raw, ok := state[ledger.RecordKey(ref)]
	if !ok {
		return record, false, nil
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return record, false, fmt.Errorf("record %s: %w", ref, err)
	}
	return record, true, nil
}
