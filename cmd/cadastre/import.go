package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type importCmd struct {
	File      string    `arg:"" help:"The catalog: JSON Lines or CSV." type:"existingfile"`
	Map       string    `required:"" help:"Mapping file; \"sources\" is the one that comes with the program." placeholder:"MAP"`
	Body      ledger.ID `help:"Registry body applied to; needed where there are several." placeholder:"ID"`
	Documents string    `help:"JSON with materials and internal_review for every application; unless told, the source record stands for them." placeholder:"FILE"`
	writing
}

// Help says what is done and what is printed.
func (importCmd) Help() string {
	return `cadastre registry import catalog.csv --map catalog.map.json --profile holder.json
cadastre registry import sources.jsonl --map sources --profile holder.json --json

For each record the holder deposits the hash of its bytes and applies for its registration; the profile's
party is the publisher. A record that is refused is told all that is wrong with it, each fault with line,
column, field, value, rule and what is allowed, and the import goes on.
Run it again after mending: what is recorded already is not recorded twice. What the file lacks comes from
the mapping's constants and is printed as assumed. Registered means that the application is recorded: the
registry body's steps follow.
With --check each record is checked as it would be recorded, and nothing is.`
}

// Run imports, and prints the summary of what was done even when it is stopped.
func (c *importCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	job, err := c.prepare(p, cl)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer f.Close()
	seen := &tally{p: p, on: isTerminal(p.err)}
	job.Tell = seen.tell
	sum, err := job.Run(p.ctx, cl, f)
	seen.end()
	if err := errors.Join(c.print(p, sum), err); err != nil {
		return err
	}
	if p.checking && sum.Refused > 0 {
		return fmt.Errorf(p.say("%d 条记录将被拒绝：请按所列规则改正", "%d records would be refused: correct them by the rules above"), sum.Refused)
	}
	if sum.Refused > 0 {
		return fmt.Errorf(p.say("%d 条记录被拒绝：请按所列规则改正后再次运行，已登记的不会重复",
			"%d records were refused: mend them by the rules above and run the same command again; what is recorded stays as it is"), sum.Refused)
	}
	return nil
}

func (c *importCmd) prepare(p *program, cl *client.Client) (client.Import, error) {
	job := client.Import{Body: c.Body, Check: p.checking}
	if c.Documents != "" {
		job.Documents = &client.Documents{}
		if err := readArgs(c.Documents, job.Documents); err != nil {
			return job, err
		}
	}
	var err error
	if c.Map == "sources" {
		job.Mapping, err = client.SourcesMapping()
	} else {
		var b []byte
		if b, err = readFile(c.Map, maxArgs); err != nil {
			return job, err
		}
		if job.Mapping, err = client.ParseMapping(b); err != nil {
			err = fmt.Errorf("%s: %w", c.Map, err)
		}
	}
	if err == nil && job.Body == "" {
		job.Body, err = soleBody(p, cl)
	}
	return job, err
}

// soleBody is the registry body, where the ledger has but one.
func soleBody(p *program, cl *client.Client) (ledger.ID, error) {
	var page struct {
		Items []struct {
			ID   ledger.ID `json:"id"`
			Name string    `json:"name"`
		} `json:"items"`
	}
	if err := cl.Get(p.ctx, "/v1/parties?role="+string(ledger.RoleRegistryBody), &page); err != nil {
		return "", err
	}
	if len(page.Items) == 1 {
		return page.Items[0].ID, nil
	}
	var names strings.Builder
	for _, b := range page.Items {
		names.WriteString("\n  " + string(b.ID) + "  " + printable(b.Name))
	}
	return "", fmt.Errorf("%s%s", p.say("请用 --body 指明受理的登记机构：", "name the registry body with --body:"), names.String())
}

func (c *importCmd) print(p *program, sum client.ImportSummary) error {
	if p.JSON {
		return p.json(sum)
	}
	if p.checking {
		return p.line(p.say("可以登记 %d，此前已登记 %d，重复 %d，将被拒绝 %d；未作任何记录", "would be registered %d, recorded before %d, duplicates %d, would be refused %d; nothing was recorded"),
			sum.Registered, sum.Unchanged, len(sum.Duplicates), sum.Refused)
	}
	if err := p.line(p.say("登记申请 %d，未变 %d，重复 %d，拒绝 %d", "registered %d, unchanged %d, duplicates %d, refused %d"),
		sum.Registered, sum.Unchanged, len(sum.Duplicates), sum.Refused); err != nil {
		return err
	}
	var assumed []string
	for _, member := range slices.Sorted(maps.Keys(sum.Assumed)) {
		assumed = append(assumed, fmt.Sprintf("%s (%d)", member, sum.Assumed[member]))
	}
	if len(assumed) == 0 {
		return nil
	}
	return p.line("%s %s", p.say("文件未载、按映射常量推定的字段（记录数）：", "Assumed from the mapping, with how many records:"), strings.Join(assumed, ", "))
}

// tally shows on stderr what is done and names what is not.
type tally struct {
	p    *program
	on   bool
	n    int
	open bool
}

// every is how many records pass between two lines where stderr is no terminal.
const every = 500

func (t *tally) tell(r client.ImportResult) {
	t.n++
	if r.State == client.Duplicate || r.State == client.Refused {
		t.end()
		word := t.p.say("拒绝", "refused")
		if r.State == client.Duplicate {
			word = t.p.say("重复", "duplicate")
		}
		fmt.Fprintf(t.p.err, "%s %d  %s  %s: %s\n", t.p.say("行", "line"), r.Line, printable(r.Title), word, explain(ofForm(r.Err, importedForm(r.Err)), t.p.Lang))
	}
	switch {
	case t.on:
		fmt.Fprintf(t.p.err, "\r%d ", t.n)
		t.open = true
	case t.n%every == 0:
		fmt.Fprintf(t.p.err, t.p.say("已处理 %d 条\n", "%d records\n"), t.n)
	}
}

// importedForm is what a fault of a record is about: the resource itself, or the
// application that the import makes of it.
func importedForm(err error) any {
	if e := ledger.AsError(err); e != nil && strings.HasPrefix(strings.TrimPrefix(e.Field, "args."), "resource.") {
		return ledger.AppSubmitArgs{}
	}
	return ledger.Resource{}
}

// end ends the line that is overwritten.
func (t *tally) end() {
	if t.open {
		fmt.Fprintln(t.p.err)
		t.open = false
	}
}
