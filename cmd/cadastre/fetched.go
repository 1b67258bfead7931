package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// fetched is the content of FILE.receipt.json: what was fetched, by which receipts.
type fetched struct {
	SHA256  ledger.Digest `json:"sha256"`
	Bytes   int64         `json:"bytes"`
	Starts  []ledger.ID   `json:"starts"` // ids of the start receipts, one for each request
	Order   ledger.ID     `json:"order,omitempty"`
	License ledger.ID     `json:"license,omitempty"`
	Subject ledger.Ref    `json:"subject"`
	Content ledger.ID     `json:"content"`
	Object  string        `json:"object"`
	Name    string        `json:"name"`
	Node    string        `json:"node"`
	Ledger  ledger.ID     `json:"ledger"`
	Time    ledger.Millis `json:"time"`
}

// sameRight reports whether both were fetched for the same subject under the same right.
func (k fetched) sameRight(o fetched) bool {
	return k.Ledger == o.Ledger && k.Order == o.Order && k.License == o.License && k.Subject == o.Subject
}

// fetchAnswer is what a fetch prints with --json.
type fetchAnswer struct {
	client.Fetched
	Receipt string `json:"receipt,omitempty"` // the file with the ids of the receipts
	Order   any    `json:"order,omitempty"`
	Already bool   `json:"already,omitempty"` // the file was there: nothing was fetched
}

// fetch fetches the content, checks it against the ledger, and stores the ids of the
// receipts next to the file. A file that is there already is not fetched again: that would
// be another use.
func (p *program) fetch(c *client.Client, path, file string, k fetched, x ledger.Content) error {
	k.SHA256, k.Subject, k.Content, k.Object, k.Name, k.Node, k.Ledger = x.SHA256, x.Subject, x.ID, x.Object, x.Name, x.Node, c.Profile().Ledger
	receipt := file + ".receipt.json"
	switch old, there, err := p.earlier(file, receipt, k); {
	case err != nil:
		return err
	case there:
		return p.already(file, receipt, old)
	}
	m := p.meter()
	f, err := c.Fetch(p.ctx, path, file, x.SHA256, m.bytes)
	m.done()
	if err != nil {
		return err
	}
	k.Bytes, k.Starts, k.Time = f.Bytes, f.Starts, ledger.Millis(now().UnixMilli())
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return words.Errorf("编写回执文件：%v", "encode receipt: %v", err)
	}
	if err := durable.WriteFile(receipt, append(b, '\n')); err != nil {
		return words.Errorf("保存回执文件：%v", "store receipt: %v", err)
	}
	if p.JSON {
		return p.json(fetchAnswer{Fetched: f, Receipt: receipt, Order: orNil(k.Order)})
	}
	return p.line("%s  %s\n%s%s", f.SHA256, file, p.say("回执：", "Receipts: "), receipt)
}

// earlier reports whether the wanted content is there already, and by which receipts. It
// allows an older content of the same right to be replaced, and refuses to replace any
// other file.
func (p *program) earlier(file, receipt string, k fetched) (old fetched, there bool, err error) {
	hash, size, err := hashFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return old, false, nil
	}
	if err != nil {
		return old, false, err
	}
	unknown := readArgs(receipt, &old) != nil || old.SHA256 != hash
	switch {
	case hash == k.SHA256 && unknown:
		k.Bytes = size
		return k, true, nil
	case !unknown && old.sameRight(k):
		return old, hash == k.SHA256, nil
	}
	return old, false, fmt.Errorf(p.say("%s 已存在，且不是由此获取的文件：请移走它，或用 --output 另取名称",
		"%s exists and was not fetched from here: move it away, or give another name with --output"), file)
}

// already prints that the content was there.
func (p *program) already(file, receipt string, k fetched) error {
	if len(k.Starts) == 0 {
		receipt = ""
	}
	if p.JSON {
		f := client.Fetched{File: file, SHA256: k.SHA256, Bytes: k.Bytes, Starts: append([]ledger.ID{}, k.Starts...), Node: k.Node}
		return p.json(fetchAnswer{Fetched: f, Receipt: receipt, Order: orNil(k.Order), Already: true})
	}
	if receipt == "" {
		return p.line(p.say("%s  %s\n文件已在且内容正确，未再获取；回执可用 cadastre trace %s 查看",
			"%s  %s\nThe file is there and is right, so nothing was fetched; cadastre trace %s shows its receipts"), k.SHA256, file, file)
	}
	return p.line(p.say("%s  %s\n文件已在且内容正确，未再获取。回执：%s",
		"%s  %s\nThe file is there and is right, so nothing was fetched. Receipts: %s"), k.SHA256, file, receipt)
}

func orNil(id ledger.ID) any {
	if id == "" {
		return nil
	}
	return id
}
