package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/datacadastre/cadastre/internal/words"
)

// isTerminal reports whether w is one, so that progress may overwrite its line.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show reads a record and prints it: as it came, or a line a member.
func (p *program) show(path string) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.Get(p.ctx, path, &raw); err != nil {
		return err
	}
	return p.record(raw)
}

func (p *program) record(raw json.RawMessage) error {
	if p.JSON {
		return p.json(raw)
	}
	members, err := inOrder(raw)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, m := range members {
		fmt.Fprintf(w, "%s\t%s\n", m.kind, m.id)
	}
	if err := w.Flush(); err != nil {
		return words.Errorf("输出：%v", "print: %v", err)
	}
	return nil
}

// inOrder are the members of an object as the node ordered them, texts without
// quotes and all else as compact JSON; "$schema" is left out.
func inOrder(raw json.RawMessage) ([]named, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, words.Errorf("节点的答复不是记录：%.80s", "the node's answer is no record: %.80s", raw)
	}
	var list []named
	for d.More() {
		tok, err := d.Token()
		name, _ := tok.(string)
		var v json.RawMessage
		if err == nil {
			err = d.Decode(&v)
		}
		if err != nil {
			return nil, words.Errorf("读取节点的答复：%v", "read the node's answer: %v", err)
		}
		if name != "$schema" {
			list = append(list, named{name, text(v)})
		}
	}
	return list, nil
}

// text is a JSON value for a line of a terminal.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return printable(s)
	}
	var b bytes.Buffer
	if json.Compact(&b, v) != nil {
		return string(v)
	}
	return printable(b.String())
}

// printable keeps what comes from elsewhere from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// list reads a page and prints the columns that its items have.
func (p *program) list(path string, columns ...string) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.Get(p.ctx, path, &raw); err != nil {
		return err
	}
	if p.JSON {
		return p.json(raw)
	}
	var page struct {
		Items     []json.RawMessage `json:"items"`
		Resources []json.RawMessage `json:"resources"` // of a search, which also counts
		Total     int               `json:"total"`
		Next      string            `json:"next"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return words.Errorf("节点的答复不是列表：%v", "the node's answer is no page: %v", err)
	}
	page.Items = append(page.Items, page.Resources...)
	if len(page.Items) == 0 {
		return p.line("%s", p.say("没有记录。", "Nothing found."))
	}
	if err := p.table(page.Items, columns); err != nil {
		return err
	}
	if page.Total > len(page.Items) {
		if err := p.line("%s", fmt.Sprintf(p.say("共 %d 条。", "%d in all."), page.Total)); err != nil {
			return err
		}
	}
	if page.Next != "" {
		return p.line("%s --cursor %s", p.say("下一页：", "Next page:"), page.Next)
	}
	return nil
}

func (p *program) table(items []json.RawMessage, columns []string) error {
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, item := range items {
		cells, err := cellsOf(item, columns)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return words.Errorf("输出：%v", "print: %v", err)
	}
	return nil
}

// cellsOf are the members of an item that it has; a dot leads into a member.
func cellsOf(item json.RawMessage, columns []string) ([]string, error) {
	members, err := inOrder(item)
	if err != nil {
		return nil, err
	}
	var cells []string
	for _, column := range columns {
		name, inner, deep := strings.Cut(column, ".")
		for _, m := range members {
			switch {
			case m.kind != name || m.id == "":
			case deep:
				more, err := cellsOf(json.RawMessage(m.id), []string{inner})
				if err != nil {
					return nil, err
				}
				cells = append(cells, more...)
			default:
				cells = append(cells, m.id)
			}
		}
	}
	return cells, nil
}

// paging are the flags of a listing.
type paging struct {
	Cursor string `zh:"上一页的结尾位置" en:"Where the page before ended." placeholder:"CURSOR"`
	Limit  int    `zh:"至多几条，1 至 500；默认 50" en:"Most records, 1 to 500; by default 50." placeholder:"N"`
}

// query adds what is told to a path.
func (g paging) query(path string, pairs ...string) string {
	q := queryOf(pairs...)
	if g.Cursor != "" {
		q.Set("cursor", g.Cursor)
	}
	if g.Limit > 0 {
		q.Set("limit", fmt.Sprint(g.Limit))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
