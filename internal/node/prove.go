package node

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

// Prove implements evidence.Source: under one checkpoint where the ledger has a
// log, else each call by itself.
func (p *proofs) Prove(ctx context.Context, calls []evidence.Act) (evidence.ProofSet, []evidence.Proven, error) {
	if l, ok := p.n.ledger.(prover); ok {
		return underCheckpoint(ctx, l, calls)
	}
	set := evidence.ProofSet{Common: json.RawMessage("{}")}
	list := make([]evidence.Proven, len(calls))
	for i, c := range calls {
		r, err := p.n.ledger.Recorded(ctx, c.Party, c.Call)
		if err != nil {
			return set, nil, fmt.Errorf("prove call %s: %w", c.Call, err)
		}
		if set.Kind = r.Proof.Kind; i > 0 && set.Kind != r.Proof.Kind {
			return set, nil, errors.New("the ledger proves its calls in two ways")
		}
		list[i] = evidence.Proven{Proof: r.Proof.Data, Writes: r.Writes}
	}
	return set, list, nil
}

func underCheckpoint(ctx context.Context, l prover, calls []evidence.Act) (evidence.ProofSet, []evidence.Proven, error) {
	var last uint64
	for _, c := range calls {
		last = max(last, c.Position.Block)
	}
	signed, size, err := l.Checkpoint(ctx, int64(last)+1)
	if err != nil {
		return evidence.ProofSet{}, nil, err
	}
	common, err := json.Marshal(evidence.TLogCommon{Checkpoint: string(signed)})
	if err != nil {
		return evidence.ProofSet{}, nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	list := make([]evidence.Proven, len(calls))
	for i, c := range calls {
		r, err := l.RecordedAt(ctx, int64(c.Position.Block), size)
		if err != nil {
			return evidence.ProofSet{}, nil, err
		}
		list[i] = evidence.Proven{Proof: r.Proof.Data, Writes: r.Writes}
	}
	return evidence.ProofSet{Kind: evidence.TLogKind, Common: common}, list, nil
}
