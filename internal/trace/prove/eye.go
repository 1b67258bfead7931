package prove

import (
	"context"
	"errors"
	"slices"

	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// eye decides which records, receipts and files one reader may see, and remembers the
// rows of the role table that allowed it.
type eye struct {
	c      Config
	reader *ledger.Party
	act    policies.Act
	file   ledger.Ref // the reader knows its SHA-256
	rows   []policies.Row
}

// eye returns the eye of a reader; nil is anonymous. A reader who asks about a file by
// its SHA-256 knows that.
func (v *Prover) eye(reader *ledger.Party, act policies.Act, from ledger.Ref) *eye {
	e := &eye{c: v.c, reader: reader, act: act}
	if from.Kind() == ledger.KindFile {
		e.file = from
	}
	return e
}

// sees reports whether the reader may see the record; false if there is no such record.
func (e *eye) sees(ctx context.Context, ref ledger.Ref) (bool, error) {
	switch ref.Kind() {
	case ledger.KindFile:
		content, err := contentsOf(ctx, e.c.Links, ref)
		for _, c := range content {
			if seen, err := e.sees(ctx, c); err != nil || seen {
				return seen, err
			}
		}
		return false, err
	case ledger.KindReceipt:
		k, err := e.c.Receipts.ByLeaf(ctx, ledger.Digest(ref.ID()))
		if err != nil {
			if errors.Is(err, ledger.NotFound) {
				err = nil
			}
			return false, err
		}
		seen, err := e.seesReceipts(ctx, k)
		return err == nil && seen[0], err
	}
	item := sight.Item{Ref: ref}
	if ref.Kind() == ledger.KindContent && e.file != "" {
		content, err := contentsOf(ctx, e.c.Links, e.file)
		if err != nil {
			return false, err
		}
		for _, c := range content {
			item.Bearer = item.Bearer || c == ref
		}
	}
	seen, err := e.judge(ctx, item)
	return err == nil && seen[0], err
}

// seesReceipts reports for each receipt whether the reader may see it.
func (e *eye) seesReceipts(ctx context.Context, list ...receipts.Stored) ([]bool, error) {
	items := make([]sight.Item, len(list))
	for i, k := range list {
		r := k.Receipt.Readers()
		items[i] = sight.Item{Ref: ledger.RefTo(ledger.KindReceipt, k.Leaf), Readers: &r}
	}
	return e.judge(ctx, items...)
}

func (e *eye) judge(ctx context.Context, items ...sight.Item) ([]bool, error) {
	judged, err := e.c.Sight.Judge(ctx, e.reader, e.act, items...)
	if err != nil {
		return nil, err
	}
	seen := make([]bool, len(items))
	for i, j := range judged {
		if seen[i] = j.Allow; j.Allow && !slices.Contains(e.rows, j.Row) {
			e.rows = append(e.rows, j.Row)
		}
	}
	return seen, nil
}

// unknown returns the same error for what is missing and for what may not be seen.
func unknown() error { return sight.Nothing("from") }

// contentsOf returns the content records of a file; a file that was only uploaded has no
// content record.
func contentsOf(ctx context.Context, table *provenance.Table, file ledger.Ref) ([]ledger.Ref, error) {
	links, err := table.Links(ctx, file)
	var list []ledger.Ref
	for _, l := range links {
		if l.From == file {
			list = append(list, l.To)
		}
	}
	return list, err
}
