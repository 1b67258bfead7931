package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// prover is a ledger that proves many calls under one signed checkpoint.
type prover interface {
	Checkpoint(ctx context.Context, least int64) (signed []byte, size int64, err error)
	RecordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error)
}

// writesReader is a ledger that reads what a call wrote, which costs less than its proof.
type writesReader interface {
	Wrote(ctx context.Context, party, call ledger.ID) ([]ledger.Write, error)
}

// Open implements evidence.Source. If the ledger has a log, it takes a checkpoint and
// waits until the index of writers covers it; else each call is proved separately. Under
// a cosigned checkpoint the bundle still shows the present state: what it needs from after
// the checkpoint is errPast.
func (p *proofs) Open(ctx context.Context) (evidence.ProofSet, ledger.Position, error) {
	var empty evidence.ProofSet
	last, ok := p.c.Loop.Revision()
	if !ok {
		return empty, ledger.Position{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
	}
	end := ledger.Position{Block: last.Block + 1}
	if l, ok := p.c.Ledger.(prover); ok {
		signed := p.cosigned
		if signed == nil {
			var err error
			if signed, p.size, err = l.Checkpoint(ctx, int64(end.Block)); err != nil {
				return empty, end, err
			}
			end.Block = uint64(p.size)
		}
		if err := p.c.Loop.Wait(ctx, end.Block-1); err != nil {
			return empty, end, err
		}
		common, err := json.Marshal(evidence.TLogCommon{Checkpoint: string(signed)})
		if err != nil {
			return empty, end, fmt.Errorf("encode checkpoint: %w", err)
		}
		return evidence.ProofSet{Kind: evidence.TLogKind, Common: common}, end, nil
	}
	first, ok, err := p.Writer(ctx, ledger.RecordKey(ledger.GenesisRef), end)
	if err != nil || !ok {
		return empty, end, errors.Join(ledger.Refuse(ledger.NotFound, ledger.ReasonGenesis), err)
	}
	genesis, err := p.recorded(ctx, first)
	return evidence.ProofSet{Kind: genesis.Proof.Kind, Common: json.RawMessage("{}")}, end, err
}

// Writer implements evidence.Source.
func (p *proofs) Writer(ctx context.Context, key string, before ledger.Position) (ledger.Position, bool, error) {
	return p.c.Loop.Writer(ctx, key, before)
}

// Writes implements evidence.Source.
func (p *proofs) Writes(ctx context.Context, at ledger.Position) ([]ledger.Write, error) {
	l, ok := p.c.Ledger.(writesReader)
	if _, known := p.known[at]; known || !ok {
		r, err := p.recorded(ctx, at)
		return r.Writes, err
	}
	party, call, err := p.c.Loop.CallAt(ctx, at)
	if err != nil {
		return nil, err
	}
	return l.Wrote(ctx, party, call)
}

// Prove implements evidence.Source. It forgets the call, which the bundle stores from
// then on.
func (p *proofs) Prove(ctx context.Context, at ledger.Position) (evidence.Proven, error) {
	r, err := p.recorded(ctx, at)
	delete(p.known, at)
	return evidence.Proven{Proof: r.Proof.Data, Writes: r.Writes}, err
}

// recorded reads the call at a position with its proof, and remembers it.
func (p *proofs) recorded(ctx context.Context, at ledger.Position) (ledger.Recorded, error) {
	if r, ok := p.known[at]; ok {
		return r, nil
	}
	r, err := p.find(ctx, at)
	if err != nil {
		return r, fmt.Errorf("prove the call at %+v: %w", at, err)
	}
	p.known[at] = r
	return r, nil
}

func (p *proofs) find(ctx context.Context, at ledger.Position) (ledger.Recorded, error) {
	if p.cosigned != nil && at.Block >= uint64(p.size) {
		return ledger.Recorded{}, errPast
	}
	if l, ok := p.c.Ledger.(prover); ok {
		return l.RecordedAt(ctx, int64(at.Block), p.size)
	}
	party, call, err := p.c.Loop.CallAt(ctx, at)
	if err != nil {
		return ledger.Recorded{}, err
	}
	return p.c.Ledger.Recorded(ctx, party, call)
}
