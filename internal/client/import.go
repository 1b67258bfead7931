package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/registry/catalog"
)

// importers is how many records are on their way at once: a ledger that waits for
// a network takes those that come together in one transaction.
const importers = 64

// ImportState is what became of a source record.
type ImportState string

// States of an imported record.
const (
	Imported  ImportState = "registered" // its application is recorded by this import
	Unchanged ImportState = "unchanged"  // it was recorded before
	Duplicate ImportState = "duplicate"  // the holder has an application or entry of this title
	Refused   ImportState = "refused"
)

// ImportResult is what became of one record.
type ImportResult struct {
	State       ImportState
	Line        int // where the record begins, from 1
	Source      string
	Title       string
	Application ledger.ID
	Payload     ledger.Digest // of the submit call: what the next step answers
	Err         error         // of Duplicate and Refused
}

// ImportLine names a record.
type ImportLine struct {
	Line  int    `json:"line"`
	Title string `json:"title"`
	Other int    `json:"other_line,omitempty"` // where an earlier record of the file is the same: its line
}

// ImportProblem is one thing that is wrong with a refused record: the column and the
// member at fault, what stands there, the rule and what would be taken.
type ImportProblem struct {
	ImportLine
	Reason  ledger.Reason `json:"reason"`
	Column  string        `json:"column,omitempty"` // as the file names it; the path in a JSON record
	Field   string        `json:"field,omitempty"`  // member of the resource, or of the application
	Value   string        `json:"value,omitempty"`
	Rule    string        `json:"rule,omitempty"`
	Allowed string        `json:"allowed,omitempty"`
	Group   string        `json:"group,omitempty"` // of materials, where one is missing
}

// ImportSummary counts an import. Registered are those whose application is
// recorded now; the registry body's steps follow.
type ImportSummary struct {
	Checked    bool            `json:"checked,omitempty"` // nothing was recorded: the numbers say what would be
	Registered int             `json:"registered"`
	Unchanged  int             `json:"unchanged"`
	Refused    int             `json:"refused"`
	Duplicates []ImportLine    `json:"duplicates"`
	Problems   []ImportProblem `json:"problems"` // every fault of the refused, by line
	Assumed    map[string]int  `json:"assumed"`  // what constants said, and of how many records
}

// Documents are the documents that go with every application of an import.
type Documents struct {
	Materials      []ledger.Material `json:"materials"`
	InternalReview ledger.Review     `json:"internal_review"`
}

// Import is what to import and how.
type Import struct {
	Mapping   catalog.Mapping
	Body      ledger.ID  // registry body applied to
	Documents *Documents // nil: the source record stands for each document, and is noted as assumed
	Check     bool       // ask whether each record would be refused, and record nothing

	// Tell, if set, is told of each record as it is done, one at a time.
	Tell func(ImportResult)
}

// ParseMapping reads a mapping file (see registry/catalog).
func ParseMapping(data []byte) (catalog.Mapping, error) { return catalog.ParseMapping(data) }

// SourcesMapping is the mapping that the program brings along.
func SourcesMapping() (catalog.Mapping, error) { return catalog.SourcesMapping() }

// job is a record on its way. Records of one title go one after the other, so
// that of two with the same title the first of the file is registered.
type job struct {
	record catalog.Record
	after  <-chan struct{}
	done   chan struct{}
	other  int // line of an earlier record of the same title or bytes; 0 where there is none
}

// importing is an import that runs.
type importing struct {
	Import
	c   *Client
	mu  sync.Mutex
	sum ImportSummary

	claimed map[string]bool // titles and hashes of the file, while nothing is recorded
}

// Run applies for every record of source, in the profile's name. What was recorded before
// is left as it is, so that a repeated or interrupted import doubles nothing. A
// record that is refused does not stop the others; an error is returned only
// when the source can't be read, the node does not answer, or ctx ends, with
// the summary of what was done.
func (i Import) Run(ctx context.Context, c *Client, source io.Reader) (ImportSummary, error) {
	if c.key == nil {
		return ImportSummary{}, words.Errorf("此操作需要含密钥的身份文件：请用 --profile 指定", "this needs a profile with a key: name one with --profile")
	}
	run := &importing{Import: i, c: c, claimed: map[string]bool{}, sum: ImportSummary{Checked: i.Check, Duplicates: []ImportLine{}, Problems: []ImportProblem{}, Assumed: map[string]int{}}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	records := catalog.Read(ctx, source, i.Mapping, c.profile.Ledger, c.profile.Party)
	jobs := make(chan job)
	var wg sync.WaitGroup
	for range importers {
		wg.Go(func() {
			for j := range jobs {
				if err := run.one(ctx, j); err != nil {
					cancel(err)
				}
				close(j.done)
			}
		})
	}
	err := run.feed(ctx, records, jobs)
	close(jobs)
	wg.Wait()
	slices.SortFunc(run.sum.Duplicates, func(a, b ImportLine) int { return cmp.Compare(a.Line, b.Line) })
	slices.SortStableFunc(run.sum.Problems, func(a, b ImportProblem) int { return cmp.Compare(a.Line, b.Line) })
	if cause := context.Cause(ctx); cause != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = cause
	}
	return run.sum, err
}

// feed hands records to the workers, in order; its error is the source's.
func (i *importing) feed(ctx context.Context, records catalog.Records, jobs chan<- job) error {
	last, lines := map[string]chan struct{}{}, map[string]int{}
	for r, err := range records {
		var wrong *catalog.RecordError
		switch {
		case errors.As(err, &wrong):
			i.done(ImportResult{State: Refused, Line: wrong.Line, Source: wrong.Source, Title: wrong.Source, Err: wrong.Err})
			continue
		case err != nil:
			return err
		}
		title := ledger.FoldTitle(r.Resource.Title)
		hash := "hash " + string(r.Hash)
		j := job{record: r, after: last[title], done: make(chan struct{}), other: cmp.Or(lines[title], lines[hash])}
		last[title] = j.done
		lines[title], lines[hash] = cmp.Or(lines[title], r.Line), cmp.Or(lines[hash], r.Line)
		select {
		case jobs <- j:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// one applies for a record. Its error stops the import: no answer, or the end
// of ctx.
func (i *importing) one(ctx context.Context, j job) error {
	if j.after != nil {
		select {
		case <-j.after:
		case <-ctx.Done():
			return nil
		}
	}
	r := j.record
	out := ImportResult{
		Line: r.Line, Source: r.Source, Title: r.Resource.Title,
		Application: catalog.ApplicationID(i.c.profile.Ledger, i.c.profile.Party, r.Source),
	}
	var err error
	apply := i.apply
	if i.Check {
		apply = i.wouldApply
	}
	if out.Payload, out.State, err = apply(ctx, r, out.Application); err != nil {
		e := ledger.AsError(err)
		if e == nil || errors.Is(err, ledger.Unavailable) || errors.Is(err, errParty) {
			return err
		}
		out.State, out.Err = Refused, err
		for _, f := range append([]*ledger.Error{e}, e.More...) {
			if column := catalog.Column(r.Columns, resourceField(f.Field)); column != "" {
				f.Params = append(f.Params, ledger.Param{Name: "from", Value: column})
			}
		}
		if e.Reason == ledger.ReasonDuplicate {
			out.State = Duplicate
			if j.other > 0 {
				e.Params = append(e.Params, ledger.Param{Name: "other_line", Value: strconv.Itoa(j.other)})
			}
		}
	}
	i.note(r)
	i.done(out)
	return nil
}

// resourceField is the member of the resource that an error about an application
// names; empty where it names another.
func resourceField(field string) string {
	name, ok := strings.CutPrefix(strings.TrimPrefix(field, "args."), "resource.")
	if !ok {
		return ""
	}
	return name
}

// apply makes the deposit and the application of a record, each under an id
// that follows from the record, so that neither is ever recorded twice.
func (i *importing) apply(ctx context.Context, r catalog.Record, application ledger.ID) (ledger.Digest, ImportState, error) {
	p := i.c.profile
	id := func(fn ledger.Function) ledger.ID { return catalog.CallID(p.Ledger, fn, p.Party, r.Source, r.Hash) }
	payload, err := i.c.Payload(ctx, id(ledger.FnAppSubmit))
	if err == nil {
		return payload, Unchanged, nil
	}
	if !errors.Is(err, ledger.NotFound) {
		return "", "", whose(err)
	}
	// A hash is deposited once; the contract says at submission whose it is.
	if _, err := i.c.CallAs(ctx, id(ledger.FnDeposit), ledger.FnDeposit, ledger.DepositArgs{SHA256: r.Hash, Bytes: r.Bytes}); err != nil &&
		!callUsed(err) && !because(err, ledger.ReasonExists) {
		return "", "", whose(err)
	}
	args := i.args(r, application)
	if err := args.Validate(); err != nil {
		return "", "", err
	}
	out, err := i.c.CallAs(ctx, id(ledger.FnAppSubmit), ledger.FnAppSubmit, args)
	if callUsed(err) {
		payload, err := i.c.Payload(ctx, id(ledger.FnAppSubmit))
		return payload, Unchanged, err
	}
	return out.Payload, Imported, whose(err)
}

// args is the application. Without documents of its own the source record
// stands for each: the importer says so among what it assumed.
func (i *importing) args(r catalog.Record, application ledger.ID) ledger.AppSubmitArgs {
	a := ledger.AppSubmitArgs{Application: application, Body: i.Body, Resource: r.Resource, Deposit: r.Hash}
	if i.Documents != nil {
		a.Materials, a.InternalReview = i.Documents.Materials, i.Documents.InternalReview
		return a
	}
	for _, g := range ledger.MaterialGroups() {
		sum := sha256.Sum256([]byte(string(application) + "/" + string(g)))
		a.Materials = append(a.Materials, ledger.Material{Group: g, SHA256: r.Hash, Bytes: r.Bytes, Name: ledger.Salt([16]byte(sum[:16]), string(g))})
	}
	a.InternalReview = ledger.Review{By: i.by(), On: ledger.Date(calendar.Of(i.c.now().UnixMilli())), SHA256: r.Hash}
	return a
}

// by is who reviewed: the holder itself, by its name where the profile has it.
func (i *importing) by() string { return cmp.Or(i.c.profile.Name, string(i.c.profile.Party)) }

// errParty marks refusals that every record would meet alike.
var errParty = errors.New("the importing party itself is refused")

// whose marks what is wrong with the party, its key or its clock, not the record.
func whose(err error) error {
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	switch e.Reason {
	case ledger.ReasonKey, ledger.ReasonKeyUse, ledger.ReasonKeyEnded, ledger.ReasonRole, ledger.ReasonPartyUnknown,
		ledger.ReasonPartySuspended, ledger.ReasonToken, ledger.ReasonLedger, ledger.ReasonTime, ledger.ReasonExpired,
		ledger.ReasonSignature, ledger.ReasonAuthorization:
		return errors.Join(err, errParty)
	}
	return err
}

// callUsed says that a call of this id is recorded: signed anew it has another
// time, so that the ledger takes it for another body.
func callUsed(err error) bool { return because(err, ledger.ReasonCallUsed) }

func because(err error, reason ledger.Reason) bool {
	e := ledger.AsError(err)
	return e != nil && e.Reason == reason
}

// note counts what was assumed of a record that was read.
func (i *importing) note(r catalog.Record) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, member := range r.Assumed {
		i.sum.Assumed[member]++
	}
	if i.Documents == nil {
		i.sum.Assumed["materials"]++
		i.sum.Assumed["internal_review"]++
	}
}

func (i *importing) done(r ImportResult) {
	i.mu.Lock()
	defer i.mu.Unlock()
	line := ImportLine{Line: r.Line, Title: r.Title}
	e := ledger.AsError(r.Err)
	if e != nil {
		line.Other, _ = strconv.Atoi(e.Param("other_line")) // 0 where there is none
	}
	switch r.State {
	case Imported:
		i.sum.Registered++
	case Unchanged:
		i.sum.Unchanged++
	case Duplicate:
		i.sum.Duplicates = append(i.sum.Duplicates, line)
	case Refused:
		i.sum.Refused++
		if e != nil {
			for _, f := range e.All() {
				i.sum.Problems = append(i.sum.Problems, ImportProblem{
					ImportLine: line, Reason: f.Reason, Column: f.Param("from"), Field: f.Field, Value: f.Param("value"), Rule: f.Rule,
					Allowed: f.Allowed(), Group: f.Param("group"),
				})
			}
		}
	}
	if i.Tell != nil {
		i.Tell(r)
	}
}

// Payload is the payload hash of a recorded call of one's own; NotFound when it
// is not recorded.
func (c *Client) Payload(ctx context.Context, call ledger.ID) (ledger.Digest, error) {
	var r ledger.Recorded
	if err := c.Get(ctx, "/v1/calls/"+string(c.profile.Party)+"/"+string(call), &r); err != nil {
		return "", err
	}
	return r.Event.Payload, nil
}
