package main

import (
	"fmt"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type doctorCmd struct {
	Dir    string `arg:"" zh:"节点的文件夹，节点须已停止" en:"Folder of the node, which must be stopped." placeholder:"DIR"`
	Quick  bool   `zh:"不读取对象的全部内容，只核对其密钥与结尾" en:"Do not read all content of the objects; check only their keys and ends."`
	Repair bool   `zh:"修复无需备份即可修复者" en:"Repair what can be repaired without a backup."`
}

// Page describes what is examined.
func (doctorCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre doctor D\ncadastre doctor D --quick\ncadastre doctor D --repair"},
		{
			ZH: "检查已停止节点的整个文件夹：版本、node.json、密钥、信任文件、账本的日志与每条记录、回执、托管的密钥、每个对象、由账本重建后比对的 read.db，以及残留的临时文件。每处损坏均指明文件、其中的位置和处理办法。不加 --repair 则不改动任何文件；--repair 重建 read.db、重写 trust.json、删除残留，其余须从备份恢复。退出码 0 为完好，1 为有损坏。",
			EN: "Examines the whole folder of a stopped node: version, node.json, keys, trust file, the ledger's log and every record, receipts, stored keys, every object, read.db against one built again from the ledger, and temporary files that were left. Each damage is named with its file, the place in it, and what to do. Without --repair no file is changed. With it, read.db is built again, trust.json is written again and what was left is removed; everything else must be restored from a backup. Exit code 0 means sound, 1 damaged.",
		},
	}
}

// diagnosis is the result in JSON.
type diagnosis struct {
	Sound    bool      `json:"sound"`
	Findings []finding `json:"findings"`
	Entries  int64     `json:"entries"`
	Receipts int64     `json:"receipts"`
	Objects  int64     `json:"objects"`
	Bytes    int64     `json:"bytes"`
	Skipped  []string  `json:"skipped"`
}

type finding struct {
	File     string `json:"file"`
	Key      string `json:"key,omitempty"`
	What     string `json:"what"`
	Advice   string `json:"advice"`
	Repaired bool   `json:"repaired"`
}

// Run examines the folder and prints what was found.
func (c *doctorCmd) Run(p *program) error {
	how := node.Examination{Quick: c.Quick, Repair: c.Repair}
	if isTerminal(p.err) {
		how.Progress = func(what ledger.Words) {
			fmt.Fprintf(p.err, p.say("检查%s…\n", "examining %s …\n"), words.Of(p.Lang, what))
		}
	}
	found, err := node.Examine(p.ctx, node.Options{Dir: c.Dir, Store: storeCredentials(), Log: warnings(p.err), Now: now}, how)
	d := diagnosis{
		Sound: found.Sound() && err == nil, Findings: []finding{}, Skipped: []string{},
		Entries: found.Entries, Receipts: found.Receipts, Objects: found.Objects, Bytes: found.Bytes,
	}
	for _, f := range found.Findings {
		d.Findings = append(d.Findings, finding{f.File, f.Key, terminal.Explain(f.What, p.Lang), words.Of(p.Lang, f.Advice), f.Repaired})
	}
	for _, s := range found.Skipped {
		d.Skipped = append(d.Skipped, words.Of(p.Lang, s))
	}
	if err != nil && len(d.Findings) == 0 {
		return err
	}
	if p.JSON {
		if e := p.json(d); e != nil {
			return e
		}
	} else {
		c.print(p, d)
	}
	if err == nil && !d.Sound {
		left := 0
		for _, f := range d.Findings {
			if !f.Repaired {
				left++
			}
		}
		err = words.Errorf("损坏 %d 处，请按上述办法处理", "damage in %d places: see above what to do", left)
	}
	return err
}

func (c *doctorCmd) print(p *program, d diagnosis) {
	for _, f := range d.Findings {
		at := f.File
		if f.Key != "" {
			at += " [" + f.Key + "]"
		}
		fmt.Fprintf(p.out, "%s\n  %s\n  → %s\n", words.Printable(at), words.Printable(f.What), f.Advice)
		if f.Repaired {
			fmt.Fprintln(p.out, "  "+p.say("已修复", "repaired"))
		}
	}
	for _, s := range d.Skipped {
		fmt.Fprintf(p.out, p.say("未检查：%s\n", "Not examined: %s\n"), s)
	}
	fmt.Fprintf(p.out, p.say("已检查 %d 条记录、%d 份回执、%d 个对象（读取 %.1f MiB）。\n", "Examined %d entries, %d receipts and %d objects (%.1f MiB read).\n"),
		d.Entries, d.Receipts, d.Objects, mib(d.Bytes))
	if len(d.Findings) == 0 {
		fmt.Fprintln(p.out, p.say("未发现损坏。", "No damage was found."))
	}
}
