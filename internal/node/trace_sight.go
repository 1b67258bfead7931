package node

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// eye sees records, receipts and files for one reader, and remembers by which rows.
type eye struct {
	n      *Node
	reader *ledger.Party
	act    policies.Act
	file   ledger.Ref // of which the reader knows the SHA-256
	rows   []policies.Row
}

// eye is that of a reader; nil is a stranger. Whoever asks about a file by its SHA-256
// knows it.
func (n *Node) eye(reader *ledger.Party, act policies.Act, from ledger.Ref) *eye {
	e := &eye{n: n, reader: reader, act: act}
	if from.Kind() == ledger.KindFile {
		e.file = from
	}
	return e
}

// sees reports whether the reader may see what ref names; false for what is not there.
func (e *eye) sees(ctx context.Context, ref ledger.Ref) (bool, error) {
	switch ref.Kind() {
	case ledger.KindFile:
		content, err := e.n.contentsOf(ctx, ref)
		for _, c := range content {
			if seen, err := e.sees(ctx, c); err != nil || seen {
				return seen, err
			}
		}
		return false, err
	case ledger.KindReceipt:
		k, err := e.n.receipts.ByLeaf(ctx, ledger.Digest(ref.ID()))
		if err != nil {
			if errors.Is(err, ledger.NotFound) {
				err = nil
			}
			return false, err
		}
		return e.kept(ctx, k)
	}
	item := sight.Item{Ref: ref}
	if ref.Kind() == ledger.KindContent && e.file != "" {
		content, err := e.n.contentsOf(ctx, e.file)
		if err != nil {
			return false, err
		}
		for _, c := range content {
			item.Bearer = item.Bearer || c == ref
		}
	}
	return e.judge(ctx, item)
}

// kept reports whether the reader may see a receipt.
func (e *eye) kept(ctx context.Context, k receipts.Kept) (bool, error) {
	r := k.Receipt.Readers()
	return e.judge(ctx, sight.Item{Ref: ledger.RefTo(ledger.KindReceipt, k.Leaf), Readers: &r})
}

func (e *eye) judge(ctx context.Context, item sight.Item) (bool, error) {
	list, err := e.n.sight.Judge(ctx, e.reader, e.act, item)
	if err != nil {
		return false, err
	}
	if list[0].Allow {
		e.rows = append(e.rows, list[0].Row)
	}
	return list[0].Allow, nil
}

// contentsOf are the content records of a file; what was only brought has none.
func (n *Node) contentsOf(ctx context.Context, file ledger.Ref) ([]ledger.Ref, error) {
	links, err := n.links.Links(ctx, file)
	var list []ledger.Ref
	for _, l := range links {
		if l.From == file {
			list = append(list, l.To)
		}
	}
	return list, err
}
