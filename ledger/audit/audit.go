package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	intlog "github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Config says what to audit and how to read it.
type Config struct {
	Trust      evidence.Trust
	Algorithms ledger.Algorithms
	Ledger     Log   // a ledger that is a log of the node
	Chain      Chain // instead of Ledger: a ledger on Fabric
	// Receipts opens the receipt log of a node as soon as the node's admission has
	// been replayed. If the log cannot be read, it returns an error or a nil log,
	// which the report shows.
	Receipts func(ctx context.Context, n Node) (Log, error)

	// Signed returns the size and root of the log with this origin that are known
	// from an earlier audit. The log must continue them.
	Signed func(origin string) (size int64, root ledger.Digest)
	// Folder reads the stored state; it is nil when only a log is audited.
	Folder Folder
	// Progress is called with the number of replayed entries; it may be nil.
	Progress func(done, size int64)
}

// Folder is the stored state in a node's folder, at one moment.
type Folder interface {
	// Size returns the number of entries that led to the state. The log has at
	// least as many.
	Size(ctx context.Context) (int64, error)
	// Rows calls row for every row.
	Rows(ctx context.Context, row func(key string, value []byte) error) error
}

// Run audits a ledger. An error means that the audit was not possible: something
// could not be read, or the log has no checkpoint signed by a key of the trust
// file. Everything that the audit finds wrong is in the report.
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

// auditor is a running audit.
type auditor struct {
	config         Config
	replay         *evidence.Replay
	rule           evidence.Judge
	state          memory
	sum            ledger.StateSum // sum of state
	stateDiffered  bool            // the state in the last entry differed
	invalidEntries int             // number of entries of the ledger log that are not valid
	logs           []*receiptLog   // receipt logs of the nodes admitted so far
	tree           intlog.Spine    // of the replayed entries of the ledger log
	begun          []ledger.LogBegun
	last           ledger.Millis // time of the last entry
	report         Report

	*verifier
}

// memory is the state after the replayed calls.
type memory map[string][]byte

// Get implements contract.State.
func (m memory) Get(key string) ([]byte, bool, error) {
	v, ok := m[key]
	return v, ok, nil
}

// entry is an entry of the ledger log with its parsed call.
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

// log audits a ledger that is a log, under its newest checkpoint.
func (a *auditor) log(ctx context.Context) error {
	msg, err := a.config.Ledger.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint of the ledger log: %w", err)
	}
	signed, verified, err := a.openLog(msg)
	if err != nil {
		return fmt.Errorf("ledger log: %w", err)
	}
	size, replayed := signed.Size, signed.Size
	if a.config.Folder != nil {
		if replayed, err = a.config.Folder.Size(ctx); err != nil {
			return fmt.Errorf("size of the folder: %w", err)
		}
		if replayed < size {
			return fmt.Errorf("the folder contains %d entries but has published %d: it is older than its published log", replayed, size)
		}
	}
	a.report.Checkpoint = msg
	a.report.Origin = checkpoint.Origin(msg)
	before, marks := a.signedBefore(a.report.Origin), []int64{size}
	for _, tree := range before {
		marks = append(marks, tree.Size)
	}
	got, err := scan(ctx, a.config.Ledger, replayed, marks, parse, func(i int64, e entry, hash tlog.Hash, err error) error {
		defer a.tree.Add(hash)
		if a.config.Progress != nil && i%Bundle == 0 {
			a.config.Progress(i, replayed)
		}
		return a.entry(ctx, i, e, err)
	})
	a.report.Size, a.report.Root, a.report.Last = size, digest(signed.Root), a.last
	if errors.Is(err, errTooManyInvalid) {
		a.report.find(evidence.CheckForm, a.report.Origin, err)
		return nil
	}
	if err != nil {
		return err
	}
	if !verified {
		if err := a.verifyLog(msg); err != nil {
			return fmt.Errorf("ledger log: %w", err)
		}
	}
	if got[size] != signed.Root {
		return fmt.Errorf("the entries of the ledger log do not match its checkpoint of %d entries", size)
	}
	a.compareSigned(size, got, before)
	if err := a.checkName(a.report.Origin); err != nil {
		return err
	}
	a.report.Replayed = replayed
	a.judge(uint64(replayed-1), a.last, 0)
	return nil
}

func digest(h tlog.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }

// errTooManyInvalid stops the reading of a log with too many invalid entries, since
// reading up to the size that it claims might never end.
var errTooManyInvalid = fmt.Errorf("more than %d of its entries are not valid: reading was stopped", MaxFindings)

// entry replays the next entry.
func (a *auditor) entry(ctx context.Context, i int64, e entry, err error) error {
	at := entryAt(uint64(i))
	if err == nil && e.Position.Block != uint64(i) {
		err = fmt.Errorf("it says that it is entry %d", e.Position.Block)
	}
	if err != nil {
		a.report.find(evidence.CheckForm, at, err)
		if a.invalidEntries++; a.invalidEntries > MaxFindings {
			return errTooManyInvalid
		}
		return nil
	}
	if i > 0 {
		a.judge(uint64(i-1), a.last, e.Time)
	}
	if e.Time < a.last {
		a.report.find(evidence.CheckOrder, at, errors.New("its time is before that of the previous entry"))
	}
	a.last = max(a.last, e.Time)
	if _, err := a.call(ctx, at, e); err != nil {
		return err
	}
	a.compareState(at, e.State)
	return nil
}

// call replays a call on the current state and returns everything that it wrote.
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
		if err := a.anchor(at, e.Placed, e.signed); err != nil {
			a.report.find(CheckAnchor, at, err)
		}
	}
	if e.signed.Call.Function == ledger.FnLogBegin && r.Err == nil {
		if err := a.beginLog(e.signed); err != nil {
			a.report.find(evidence.CheckProof, at, err)
		}
	}
	return r.Writes, nil
}

// write applies the writes of a call to the state and its sum.
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

// compareState compares the replayed state with the state in the entry. After a
// difference, the following differences are not reported.
func (a *auditor) compareState(at string, signed ledger.Digest) {
	differs := a.sum.Digest() != signed
	if differs && !a.stateDiffered {
		a.report.find(CheckState, at, errors.New("the state that it states differs from the state after the calls"))
	}
	a.stateDiffered = differs
}

// end checks the ledger as a whole: the genesis, the receipt logs and the rows.
func (a *auditor) end(ctx context.Context) error {
	g, ok, err := read[ledger.Genesis](a.state, ledger.GenesisRef)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		a.report.find(evidence.CheckGenesis, entryAt(0), errors.New("the ledger has no genesis"))
	case a.config.Trust.Demo != nil && *a.config.Trust.Demo != g.Demo:
		a.report.find(evidence.CheckGenesis, entryAt(0), errors.New("the trust file and the genesis disagree on whether it is a demonstration"))
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

// rows compares the rows of the folder with the replayed state.
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
			a.report.find(CheckState, key, errors.New("the row differs from what the calls wrote last"))
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
