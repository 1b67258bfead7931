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

// importers is how many records are sent at the same time: a ledger on a network puts
// records that arrive together into one transaction.
const importers = 64

// ImportState is the result of importing a source record.
type ImportState string

// States of an imported record.
const (
	Imported  ImportState = "registered" // this import recorded its application
	Unchanged ImportState = "unchanged"  // it was recorded before this import
	Duplicate ImportState = "duplicate"  // the holder already has an application or entry with this title
	Refused   ImportState = "refused"
)

// ImportResult is the result of one record.
type ImportResult struct {
	State       ImportState
	Line        int // first line of the record, from 1
	Source      string
	Title       string
	Application ledger.ID
	Payload     ledger.Digest // of the submit call, which the next step has to name
	Err         error         // for Duplicate and Refused
}

// ImportLine names a record.
type ImportLine struct {
	Line  int    `json:"line"`
	Title string `json:"title"`
	Other int    `json:"other_line,omitempty"` // line of an earlier record that is the same, if there is one
}

// ImportProblem is one fault of a refused record: the column and the member with the fault,
// the value, the rule and the allowed values.
type ImportProblem struct {
	ImportLine
	Reason  ledger.Reason `json:"reason"`
	Column  string        `json:"column,omitempty"` // its name in the file; in a JSON record its path
	Field   string        `json:"field,omitempty"`  // member of the resource, or of the application
	Value   string        `json:"value,omitempty"`
	Rule    string        `json:"rule,omitempty"`
	Allowed string        `json:"allowed,omitempty"`
	Group   string        `json:"group,omitempty"` // of materials, if one is missing
}

// ImportSummary counts the results of an import. The application of a registered record is
// recorded; the steps of the registry body follow.
type ImportSummary struct {
	Checked    bool            `json:"checked,omitempty"` // nothing was recorded: the numbers are what an import would do
	Registered int             `json:"registered"`
	Unchanged  int             `json:"unchanged"`
	Refused    int             `json:"refused"`
	Duplicates []ImportLine    `json:"duplicates"`
	Problems   []ImportProblem `json:"problems"` // every fault of the refused records, by line
	Assumed    map[string]int  `json:"assumed"`  // members filled in by constants, with the number of records
}

// Documents are the documents sent with every application of an import.
type Documents struct {
	Materials      []ledger.Material `json:"materials"`
	InternalReview ledger.Review     `json:"internal_review"`
}

// Import configures an import.
type Import struct {
	Mapping   catalog.Mapping
	Body      ledger.ID  // registry body applied to
	Documents *Documents // nil: the source record is used for each document, and listed as assumed
	Check     bool       // only ask whether each record would be refused

	// OnResult, if set, is called for each record when it is done, one call at a time.
	OnResult func(ImportResult)
}

// ParseMapping reads a mapping file (see registry/catalog).
func ParseMapping(data []byte) (catalog.Mapping, error) { return catalog.ParseMapping(data) }

// SourcesMapping returns the mapping built into the program.
func SourcesMapping() (catalog.Mapping, error) { return catalog.SourcesMapping() }

// job is a record to import. Records with the same title are sent one after the other, so
// that the first one in the file is registered.
type job struct {
	record catalog.Record
	after  <-chan struct{}
	done   chan struct{}
	other  int // line of an earlier record with the same title or bytes, else 0
}

// importing is a running import.
type importing struct {
	Import
	c   *Client
	mu  sync.Mutex
	sum ImportSummary

	claimed map[string]bool // titles and hashes seen in the file, in a check
}

// Run submits an application for every record of source, in the name of the profile. It
// skips what was recorded before, so an import can be repeated after an interruption. A
// refused record does not stop the others. Run returns an error, with the summary so far,
// if the source can't be read, the node does not answer, the party itself is refused, or
// ctx ends.
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

// feed passes records to the workers in order. It returns an error of the source.
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

// one imports a record. It returns an error that stops the import: no answer, or a refusal
// of the party itself.
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
	i.countAssumed(r)
	i.done(out)
	return nil
}

// resourceField returns the member of the resource that an error about an application
// names, or "" if it names another member.
func resourceField(field string) string {
	name, ok := strings.CutPrefix(strings.TrimPrefix(field, "args."), "resource.")
	if !ok {
		return ""
	}
	return name
}

// apply records the deposit and the application of a record. Their call ids are derived
// from the record, so that neither is recorded twice.
func (i *importing) apply(ctx context.Context, r catalog.Record, application ledger.ID) (ledger.Digest, ImportState, error) {
	p := i.c.profile
	id := func(fn ledger.Function) ledger.ID { return catalog.CallID(p.Ledger, fn, p.Party, r.Source, r.Hash) }
	payload, err := i.c.Payload(ctx, id(ledger.FnAppSubmit))
	if err == nil {
		return payload, Unchanged, nil
	}
	if !errors.Is(err, ledger.NotFound) {
		return "", "", markParty(err)
	}
	// A hash is deposited once; at submission the contract checks who deposited it.
	if _, err := i.c.CallAs(ctx, id(ledger.FnDeposit), ledger.FnDeposit, ledger.DepositArgs{SHA256: r.Hash, Bytes: r.Bytes}); err != nil &&
		!callUsed(err) && !because(err, ledger.ReasonExists) {
		return "", "", markParty(err)
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
	return out.Payload, Imported, markParty(err)
}

// args returns the application. If the import has no documents, the source record is used
// for each document, and listed as assumed.
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

// by returns who reviewed: the holder, by its name if the profile has that.
func (i *importing) by() string { return cmp.Or(i.c.profile.Name, string(i.c.profile.Party)) }

// errParty marks refusals that every record would get.
var errParty = errors.New("the importing party itself is refused")

// markParty joins errParty to a refusal that is about the party, its key or its clock
// instead of the record.
func markParty(err error) error {
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

// callUsed reports that a call with this id is recorded already. A call signed again has
// another time, so the ledger sees another body under the same id.
func callUsed(err error) bool { return because(err, ledger.ReasonCallUsed) }

func because(err error, reason ledger.Reason) bool {
	e := ledger.AsError(err)
	return e != nil && e.Reason == reason
}

// countAssumed counts which members of a record were filled in.
func (i *importing) countAssumed(r catalog.Record) {
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
		line.Other, _ = strconv.Atoi(e.Param("other_line")) // 0 if there is no such line
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
	if i.OnResult != nil {
		i.OnResult(r)
	}
}

// Payload returns the payload hash of a recorded call of the party, or NotFound if it is
// not recorded.
func (c *Client) Payload(ctx context.Context, call ledger.ID) (ledger.Digest, error) {
	var r ledger.Recorded
	if err := c.Get(ctx, "/v1/calls/"+string(c.profile.Party)+"/"+string(call), &r); err != nil {
		return "", err
	}
	return r.Event.Payload, nil
}
