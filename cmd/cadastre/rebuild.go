package main

import (
	"fmt"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
)

type rebuildCmd struct {
	Dir string `required:"" zh:"节点的文件夹" en:"Folder of the node." placeholder:"DIR"`
}

// Page describes what is rebuilt.
func (rebuildCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre rebuild --dir D"},
		{
			ZH: "由账本重建 read.db（检索与展示所用）。节点运行时由节点重建，其间照常以原有的 read.db 答复；最后一步替换内容，其间请求等待。节点已停止时由本命令重建。中断后再次运行即可。",
			EN: "Builds read.db, which serves for searching and showing, again from the ledger. A running node does it itself and goes on answering from the old one; calls wait during the last step, which replaces the content. For a stopped node this command does it. If it is interrupted, run it again.",
		},
	}
}

// rebuilt is the result in JSON.
type rebuilt struct {
	Entries uint64  `json:"entries"`
	Seconds float64 `json:"seconds"`
}

// Run rebuilds the read model and shows how far it is.
func (c *rebuildCmd) Run(p *program) error {
	begun, m := now(), p.meter()
	entries, err := node.Rebuild(p.ctx, node.Options{Dir: c.Dir, Store: storeCredentials(), Log: warnings(p.err), Now: now}, func(done, total uint64) {
		m.entries(done, total, now().Sub(begun), p.say("条/秒，剩余", "entries/s, rest"))
	})
	m.done()
	if err != nil {
		return err
	}
	passed := now().Sub(begun)
	if p.JSON {
		return p.json(rebuilt{entries, passed.Seconds()})
	}
	fmt.Fprintf(p.out, p.say("read.db 已由账本的 %d 条记录重建，用时 %s（%.0f 条/秒）。\n", "read.db was rebuilt from the %d entries of the ledger in %s (%.0f entries/s).\n"),
		entries, passed.Round(time.Millisecond), float64(entries)/max(passed.Seconds(), 1e-3))
	return nil
}

// entries shows the entries done of a total, how many a second there were, and the time
// that the rest takes at that rate.
func (m *meter) entries(done, total uint64, passed time.Duration, words string) {
	if !m.on || done == 0 || total == 0 || int64(done) == m.shown {
		return
	}
	m.shown = int64(done)
	rate := float64(done) / max(passed.Seconds(), 1e-3)
	rest := time.Duration(float64(total-min(done, total)) / rate * float64(time.Second))
	fmt.Fprintf(m.w, "\r%5.1f %%  %d / %d  %.0f %s %s   ", 100*float64(done)/float64(total), done, total, rate, words, rest.Round(time.Second))
}
