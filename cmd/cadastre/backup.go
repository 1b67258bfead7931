package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type backupCmd struct {
	Make  backupMakeCmd  `cmd:"" default:"withargs" zh:"备份节点，无论其是否运行" en:"Back up a node, whether it runs or not."`
	List  backupListCmd  `cmd:"" zh:"列出目标中的备份" en:"List the backups in a target." example:"cadastre backup list /backup/node1"`
	Check backupCheckCmd `cmd:"" zh:"读取一份备份的全部内容，与制作时核对" en:"Read everything of a backup and compare it with what was written." example:"cadastre backup check /backup/node1 --identity backup.identity"`
}

type backupMakeCmd struct {
	target
	Dir        string   `required:"" zh:"节点的文件夹" en:"Folder of the node." placeholder:"DIR"`
	Passphrase string   `name:"passphrase-file" zh:"以此文件首行的口令封存，密钥一并备份" en:"Seal it, with all keys, for the passphrase in the first line of this file." placeholder:"FILE"`
	Recipient  []string `sep:"none" zh:"为此接收者（age1…，或每行一个的文件）封存，密钥一并备份；可重复" en:"Seal it, with all keys, for this recipient (age1…, or a file with one in each line); repeat for more." placeholder:"RECIPIENT"`
	Retain     int      `zh:"完成后仅保留本节点最近几份备份，并删除不再需要的内容" en:"Afterwards remove all but this many of the node's newest backups, and the content that no backup needs." placeholder:"N"`
	Reread     bool     `zh:"也读取目标中的全部内容，把其中被更改的重新复制" en:"Read all content in the target, too, and copy again what was changed there."`
	Unlock     bool     `zh:"解除桶中已不存在的进程所留的锁" en:"Remove the lock in the bucket of a process that no longer runs."`
}

// Page shows the ways to seal a backup.
func (backupMakeCmd) Page() terminal.Page {
	return terminal.Page{
		{
			ZH: "密钥为某接收者封存（只有其私钥能打开）：", EN: "With the keys, for a recipient, whose identity alone opens it:",
			Lines: "cadastre keygen --use backup --out backup.identity\ncadastre backup make /backup/node1 --dir D --recipient age1… --retain 30",
		},
		{ZH: "以口令封存：", EN: "For a passphrase:", Lines: "cadastre backup make /backup/node1 --dir D --passphrase-file F"},
		{
			ZH: "两者皆无，则以主密钥封存，D/keys/master 不在备份中，须另行保存：", EN: "Without either it is sealed by the master key, and D/keys/master is not in it. Store that file elsewhere:",
			Lines: "cadastre backup make s3://backups/node1 --endpoint https://s3.example.gov.cn:9000 --dir D",
		},
		{
			ZH: "make 可省略。节点可照常运行。此前已在目标中的内容不再复制。完成前全部读回核对；中断的备份不算数，下次备份会清除。",
			EN: "The word make may be left out. The node may serve meanwhile. Content that is in the target is not copied again. Everything new is read back before the backup is listed. An interrupted backup is not listed, and the next one removes it.",
		},
	}
}

// Run makes a backup and prints what it has.
func (c *backupMakeCmd) Run(p *program) error {
	seals, err := c.seals(p)
	if err != nil {
		return err
	}
	to, err := c.create(p, backup.Options{Unlock: c.Unlock, Now: now})
	if err != nil {
		return err
	}
	done, end := p.counted()
	r, err := node.Backup(p.ctx, node.BackupOptions{
		Dir: c.Dir, Store: storeCredentials(), Seals: seals, Version: version(), Now: now, Done: done, Reread: c.Reread,
	}, to)
	end()
	result := struct {
		node.BackupReport
		Pruned *backup.Pruned `json:"pruned,omitempty"`
	}{BackupReport: r}
	if err == nil && c.Retain > 0 {
		var pruned backup.Pruned
		pruned, err = to.Prune(p.ctx, r.ID, c.Retain)
		result.Pruned = &pruned
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	if p.JSON {
		err = p.json(result)
	} else {
		err = c.print(p, r, result.Pruned)
	}
	if err == nil && len(r.Damaged) > 0 {
		err = words.Errorf("备份已完成，但节点的 %d 个对象已损坏：请运行 cadastre doctor", "the backup is complete, but %d objects of the node are damaged: run cadastre doctor", len(r.Damaged))
	}
	return err
}

// seals reads the passphrase or the recipients.
func (c *backupMakeCmd) seals(p *program) (s backup.Seals, err error) {
	if c.Passphrase != "" && len(c.Recipient) > 0 {
		return s, errors.New(p.say("--passphrase-file 与 --recipient 只用其一", "use --passphrase-file or --recipient, not both"))
	}
	if c.Retain < 0 {
		return s, errors.New(p.say("--retain 须大于 0", "--retain must be above 0"))
	}
	if c.Passphrase != "" {
		s.Passphrase, err = backup.ReadPassphrase(c.Passphrase)
		return s, err
	}
	for _, text := range c.Recipient {
		list, err := backup.ParseRecipients(text)
		if err != nil {
			return s, err
		}
		s.Recipients = append(s.Recipients, list...)
	}
	return s, nil
}

func (c *backupMakeCmd) print(p *program, r node.BackupReport, pruned *backup.Pruned) error {
	rows := [][]string{{p.say("备份", "backup"), r.ID}, {p.say("目标", "target"), r.Target}}
	rows = append(rows, p.logRows(r.Ledger, r.Receipts)...)
	rows = append(rows, []string{p.say("内容", "content"), fmt.Sprintf(p.say("%d 个，新增 %d 个（%.1f MiB）", "%d objects, %d of them new (%.1f MiB)"), r.Objects, r.New, mib(r.NewBytes))})
	if pruned != nil {
		rows = append(rows, []string{p.say("清除", "removed"), fmt.Sprintf(p.say("%d 份备份，%d 个对象（%.1f MiB）", "%d backups, %d objects (%.1f MiB)"), len(pruned.Removed), pruned.Objects, mib(pruned.Bytes))})
	}
	if err := terminal.Table(p.out, rows); err != nil {
		return err
	}
	for _, name := range r.Damaged {
		fmt.Fprintf(p.err, p.say("已损坏：%s\n", "damaged: %s\n"), name)
	}
	return p.absent(r.Absent, p.say("不在备份中，请另行保存：", "Not in the backup, store it elsewhere: "))
}

// logRows describes the heads of the logs. That of a shared ledger is nil.
func (p *program) logRows(own *ledger.TreeHead, receipts ledger.TreeHead) [][]string {
	row := func(name string, h ledger.TreeHead) []string {
		return []string{name, fmt.Sprintf(p.say("%d 条，根 %s", "%d entries, root %s"), h.Size, h.Root)}
	}
	rows := [][]string{row(p.say("回执", "receipts"), receipts)}
	if own != nil {
		rows = append([][]string{row(p.say("账本", "ledger"), *own)}, rows...)
	}
	return rows
}

func (p *program) absent(names []string, what string) error {
	if len(names) == 0 {
		return nil
	}
	return p.line("%s%s", what, strings.Join(names, ", "))
}

// counted shows how many bytes were written or read, from any goroutine.
func (p *program) counted() (done func(int64), end func()) {
	var mu sync.Mutex
	var sum int64
	m := p.meter()
	return func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		sum += n
		m.bytes(sum, 0)
	}, m.done
}

type backupListCmd struct {
	target
}

// Run prints the backups of a target.
func (c *backupListCmd) Run(p *program) error {
	from, err := c.open(p)
	if err != nil {
		return err
	}
	list, err := from.List(p.ctx)
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	var damaged []error
	for _, l := range list {
		damaged = append(damaged, l.Err)
	}
	if p.JSON {
		return errors.Join(p.json(list), errors.Join(damaged...))
	}
	if len(list) == 0 {
		return p.line("%s", p.say("没有完整的备份。", "There is no complete backup."))
	}
	rows := [][]string{{p.say("编号", "id"), p.say("时间", "time"), p.say("节点", "node"), p.say("封存", "sealed for")}}
	for _, l := range list {
		rows = append(rows, []string{l.ID, terminal.Moment(p.Lang, l.At), l.Origin, p.sealedFor(l.SealedFor, l.Master)})
	}
	return errors.Join(terminal.Table(p.out, rows), errors.Join(damaged...))
}

func (p *program) sealedFor(kind, master string) string {
	switch kind {
	case backup.ForPassphrase:
		return p.say("口令", "a passphrase")
	case backup.ForRecipients:
		return p.say("接收者", "recipients")
	case backup.ForMaster:
		return p.say("主密钥 ", "master key ") + master
	}
	return kind
}

type backupCheckCmd struct {
	target
	opening
}

// Run reads a backup whole.
func (c *backupCheckCmd) Run(p *program) error {
	opens, err := c.opens()
	if err != nil {
		return err
	}
	from, err := c.open(p)
	if err != nil {
		return err
	}
	b, err := from.Load(p.ctx, c.At, opens)
	if err == nil {
		done, end := p.counted()
		err = b.Check(p.ctx, done)
		end()
	}
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	m := b.Manifest
	if p.JSON {
		return p.json(m)
	}
	rows := append([][]string{{p.say("备份", "backup"), m.ID}, {p.say("节点", "node"), m.Origin}}, p.logRows(m.Log, m.Receipts)...)
	rows = append(rows, []string{p.say("内容", "content"), fmt.Sprintf(p.say("%d 个，共 %.1f MiB", "%d objects, %.1f MiB"), m.Content.Number, mib(b.Bytes()))})
	if err := terminal.Table(p.out, rows); err != nil {
		return err
	}
	return p.line("%s", p.say("与制作时一致。", "It is as it was written."))
}
