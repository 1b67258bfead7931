package registry

import (
	"encoding/json"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// submittedText has what the row of an entry and its search terms take from a
// submission.
type submittedText struct {
	domain      string
	region      ledger.Region
	title, rest string // search terms of the title, and of all else except the holder's name, which is appended
}

// parseSubmission decodes a submission.
func parseSubmission(submission []byte) (*submittedText, error) {
	var e ledger.EntryDetail
	if err := describe(&e, readmodel.Submitted(submission, "title", "description", "keywords", "domain", "spatial")); err != nil {
		return nil, fmt.Errorf("decode submission: %w", err)
	}
	r := e.Resource
	fields := append([]string{r.Description}, r.Keywords...)
	for i, s := range fields {
		fields[i] = norm.NFKC.String(s)
	}
	return &submittedText{r.Domain, r.Spatial, bigram.Index(norm.NFKC.String(r.Title)), bigram.Index(fields...) + " "}, nil
}

// submittedText reads a submission that was stored before.
func (w *writer) submittedText(payload ledger.Digest) (*submittedText, error) {
	var value []byte
	err := w.tx.QueryRowContext(w.ctx, "SELECT unpack(value) FROM registry_submission WHERE payload = ?", string(payload)).Scan(&value)
	if err != nil {
		return nil, fmt.Errorf("read submission %s: %w", payload, err)
	}
	return parseSubmission(value)
}

// maxRecent is how many bytes of submissions are cached.
const maxRecent = 16 << 20

// recent caches the newest submissions. So an entry that follows soon is prepared
// without reading from the open transaction. Only one goroutine prepares.
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
	for r.bytes += len(value); r.bytes > maxRecent; r.order = r.order[1:] {
		r.bytes -= len(r.values[r.order[0]])
		delete(r.values, r.order[0])
	}
}

// get decodes a submission; nil if it is not cached.
func (r *recent) get(payload ledger.Digest) (*submittedText, error) {
	value, ok := r.values[payload]
	if !ok {
		return nil, nil
	}
	return parseSubmission(value)
}
