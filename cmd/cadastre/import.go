package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type importCmd struct {
	File      string    `arg:"" zh:"目录：JSON Lines 或 CSV" en:"The catalog: JSON Lines or CSV." type:"existingfile"`
	Map       string    `required:"" zh:"映射文件；sources 为程序自带的映射" en:"Mapping file; \"sources\" is the mapping that is part of the program." placeholder:"MAP"`
	Body      ledger.ID `zh:"受理的登记机构；有多个时须指明" en:"Registry body to apply to; required if there are several." placeholder:"ID"`
	Documents string    `zh:"含 materials 与 internal_review 的 JSON，用于每项申请；默认以源记录代之" en:"JSON with materials and internal_review for every application; by default the source record is used for them." placeholder:"FILE"`
	writing
}

// Page describes what is done and what is printed.
func (importCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre registry import catalog.csv --map catalog.map.json --profile holder.json\ncadastre registry import sources.jsonl --map sources --profile holder.json --json"},
		{
			ZH: "对每条记录，持有单位先以其字节的哈希存证，再申请登记；发布单位即身份文件的单位。被拒绝的记录会列出全部问题，逐项注明行、列、字段、值、规则与允许的取值，导入则继续进行。",
			EN: "For each record the holder deposits the hash of its bytes and applies for its registration. The profile's party is the publisher. For a refused record the command prints every fault with line, column, field, value, rule and what is allowed, and continues.",
		},
		{
			ZH: "改正后再次运行即可：已记录的不会重复记录。文件未载的取自映射的常量，并列为推定。“登记申请”指申请已记录，其后是登记机构的步骤。加 --check 则逐条照样检查，但不作任何记录。",
			EN: "After corrections run it again: what is recorded already is not recorded twice. Values that the file does not have come from the constants of the mapping and are printed as assumed. Registered means that the application is recorded; the steps of the registry body follow. With --check each record is checked in the same way, and nothing is recorded.",
		},
	}
}

// Run imports the file. It prints the summary even if it is interrupted.
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
		return words.Errorf("读取：%v", "read: %v", err)
	}
	defer f.Close()
	seen := &tally{p: p, on: isTerminal(p.err)}
	job.OnResult = seen.show
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
			"%d records were refused: correct them by the rules above and run the same command again; what is recorded already is not recorded twice"), sum.Refused)
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

// soleBody returns the registry body if the ledger has only one.
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
		names.WriteString("\n  " + string(b.ID) + "  " + words.Printable(b.Name))
	}
	return "", fmt.Errorf("%s%s", p.say("请用 --body 指明受理的登记机构：", "name the registry body with --body:"), names.String())
}

func (c *importCmd) print(p *program, sum client.ImportSummary) error {
	if p.JSON {
		return p.json(sum)
	}
	if p.checking {
		return p.line(p.say("可以登记 %d，此前已登记 %d，重复 %d，将被拒绝 %d；未作任何记录", "would be registered: %d, recorded before: %d, duplicates: %d, would be refused: %d; nothing was recorded"),
			sum.Registered, sum.Unchanged, len(sum.Duplicates), sum.Refused)
	}
	if err := p.line(p.say("登记申请 %d，未变 %d，重复 %d，拒绝 %d", "registered: %d, unchanged: %d, duplicates: %d, refused: %d"),
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
	return p.line("%s%s", p.say("文件未载、按映射常量推定的字段（记录数）：", "Assumed from the mapping (number of records): "), strings.Join(assumed, ", "))
}

// tally shows progress on stderr, and each record that is refused or a duplicate.
type tally struct {
	p    *program
	on   bool
	n    int
	open bool
}

// every is the number of records between two lines if stderr is not a terminal.
const every = 500

func (t *tally) show(r client.ImportResult) {
	t.n++
	if r.State == client.Duplicate || r.State == client.Refused {
		t.end()
		word := t.p.say("拒绝", "refused")
		if r.State == client.Duplicate {
			word = t.p.say("重复", "duplicate")
		}
		fmt.Fprintf(t.p.err, "%s %d  %s  %s%s%s\n", t.p.say("行", "line"), r.Line, words.Printable(r.Title), word, t.p.say("：", ": "), terminal.Explain(terminal.OfForm(r.Err, importedForm(r.Err)), t.p.Lang))
	}
	switch {
	case t.on:
		fmt.Fprintf(t.p.err, "\r%d ", t.n)
		t.open = true
	case t.n%every == 0:
		fmt.Fprintf(t.p.err, t.p.say("已处理 %d 条\n", "%d records\n"), t.n)
	}
}

// importedForm returns the struct that a fault of a record is about: the resource, or the
// application that the import makes from it.
func importedForm(err error) any {
	if e := ledger.AsError(err); e != nil && strings.HasPrefix(strings.TrimPrefix(e.Field, "args."), "resource.") {
		return ledger.AppSubmitArgs{}
	}
	return ledger.Resource{}
}

// end ends the line that is being overwritten.
func (t *tally) end() {
	if t.open {
		fmt.Fprintln(t.p.err)
		t.open = false
	}
}
