package registry

import (
	"encoding/json"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// said is what the row of an entry and its terms take from what was submitted.
type said struct {
	domain      string
	region      ledger.Region
	title, rest string // terms of the title, and of all else but the holder's name, which follows
}

// newSaid decodes a submission.
func newSaid(submission []byte) (*said, error) {
	var e ledger.EntryDetail
	if err := describe(&e, readmodel.Submitted(submission, "title", "description", "keywords", "domain", "spatial")); err != nil {
		return nil, fmt.Errorf("decode submission: %w", err)
	}
	r := e.Resource
	fields := append([]string{r.Description}, r.Keywords...)
	for i, s := range fields {
		fields[i] = norm.NFKC.String(s)
	}
	return &said{r.Domain, r.Spatial, bigram.Index(norm.NFKC.String(r.Title)), bigram.Index(fields...) + " "}, nil
}

// said reads a submission that was written before.
func (w *writer) said(payload ledger.Digest) (*said, error) {
	var value []byte
	err := w.tx.QueryRowContext(w.ctx, "SELECT unpack(value) FROM registry_submission WHERE payload = ?", string(payload)).Scan(&value)
	if err != nil {
		return nil, fmt.Errorf("read submission %s: %w", payload, err)
	}
	return newSaid(value)
}

// mostRecent is how many bytes of submissions are remembered.
const mostRecent = 16 << 20

// recent remembers the newest submissions, so that the entries that soon follow them
// are prepared beside the transaction that is open. One goroutine prepares.
type recent struct {
	values map[ledger.Digest]json.RawMessage
	order  []ledger.Digest
	bytes  int
}

func (r *recent) add(payload ledger.Digest, value json.RawMessage) {
	if _, ok := r.values[payload]; ok {
		return
	}
	if r.values == nil {
		r.values = map[ledger.Digest]json.RawMessage{}
	}
	r.values[payload] = value
	r.order = append(r.order, payload)
	for r.bytes += len(value); r.bytes > mostRecent; r.order = r.order[1:] {
		r.bytes -= len(r.values[r.order[0]])
		delete(r.values, r.order[0])
	}
}

// get decodes a submission; nil if it is not remembered.
func (r *recent) get(payload ledger.Digest) (*said, error) {
	value, ok := r.values[payload]
	if !ok {
		return nil, nil
	}
	return newSaid(value)
}
