package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
)

// isTerminal reports whether w is a terminal, on which progress may overwrite its line.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show reads a record of the struct form and prints it: unchanged with --json, or one line
// for each member.
func (p *program) show(path string, form any) error {
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
	return p.records(c).Record(p.out, form, raw)
}

// records prints records with the names of the parties, products, licenses and resources in
// them.
func (p *program) records(c *client.Client) terminal.Records {
	return terminal.Records{Lang: p.Lang, Names: func(collection string, ids []string) map[string]string { return p.names(c, collection, ids) }}
}

// maxNames is for how many names of a collection a command asks: the ids of further
// records are printed whole.
const maxNames = 100

// namedRecord is a record with its id and what it is called.
type namedRecord struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Basis struct {
		Title string `json:"title"`
	} `json:"basis"` // of a license
}

// names asks the node what records are called, by their ids. An id whose record has no
// name, or may not be read, is left out.
func (p *program) names(c *client.Client, collection string, ids []string) map[string]string {
	ids = ids[:min(len(ids), maxNames)]
	names := map[string]string{}
	if collection == "parties" || collection == "products" { // whose lists take ids
		var page struct {
			Items []namedRecord `json:"items"`
		}
		if err := c.Get(p.ctx, "/v1/"+collection+"?"+queryOf("ids", strings.Join(ids, ",")).Encode(), &page); err != nil {
			return nil // ids are printed
		}
		for _, r := range page.Items {
			names[r.ID] = cmp.Or(r.Name, r.Title)
		}
		return names
	}
	for _, id := range ids {
		var r namedRecord
		if err := c.Get(p.ctx, at(collection, id), &r); err == nil {
			names[id] = cmp.Or(r.Name, r.Title, r.Basis.Title)
		}
	}
	return names
}

// list reads a page of records of the struct form and prints these columns.
func (p *program) list(path string, form any, columns ...string) error {
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
		Resources []json.RawMessage `json:"resources"` // of a search, which also has a total
		Total     int               `json:"total"`
		Next      string            `json:"next"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return words.Errorf("节点的答复不是列表：%v", "the node's answer is not a list: %v", err)
	}
	page.Items = append(page.Items, page.Resources...)
	if len(page.Items) == 0 {
		return p.line("%s", p.say("没有记录。", "Nothing found."))
	}
	if err := p.records(c).Table(p.out, form, page.Items, columns); err != nil {
		return err
	}
	if page.Total > len(page.Items) {
		if err := p.line(p.say("共 %d 条。", "%d in all."), page.Total); err != nil {
			return err
		}
	}
	if page.Next != "" {
		return p.line("%s--cursor %s", p.say("下一页：", "Next page: "), page.Next)
	}
	return nil
}

// paging are the flags of a listing.
type paging struct {
	Cursor string `zh:"上一页的结尾位置" en:"End of the previous page." placeholder:"CURSOR"`
	Limit  int    `zh:"至多几条，1 至 500；默认 50" en:"Maximum number of records, 1 to 500; by default 50." placeholder:"N"`
}

// query adds these flags and pairs of name and value to a path.
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
