package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Examination says how a folder is examined.
type Examination struct {
	Quick    bool                    // objects are not read; only their keys and ends are checked
	Repair   bool                    // repair what can be repaired without a backup
	Progress func(what ledger.Words) // called with what is examined next; may be nil
}

// Finding is damage in a node's folder.
type Finding struct {
	File     string       // path in the folder
	Key      string       // of the record, entry, receipt, row or object in the file; may be empty
	What     error        // what is wrong
	Advice   ledger.Words // what to do
	Repaired bool

	repair func(context.Context) error // nil: only a backup helps
}

// Diagnosis is what an examination found and what it looked at.
type Diagnosis struct {
	Findings []Finding
	Entries  int64          // of the ledger
	Receipts int64          // in the receipt log
	Objects  int64          // objects that were examined
	Bytes    int64          // of objects that were read
	Skipped  []ledger.Words // what was not examined, and why
}

// Sound reports whether nothing is damaged, or everything was repaired.
func (d Diagnosis) Sound() bool {
	for _, f := range d.Findings {
		if !f.Repaired {
			return false
		}
	}
	return true
}

// What to do about findings.
var (
	restoreAll  = ledger.Words{ZH: "请停用此文件夹，从最新备份恢复整个文件夹", EN: "restore the whole folder from the newest backup"}
	restoreFile = ledger.Words{ZH: "请从备份恢复此文件", EN: "restore this file from a backup"}
	ownerOnly   = ledger.Words{ZH: "请用 --repair 或 chmod 改为 0600；若他人可能已读取，请更换此密钥", EN: "set it to 0600 with --repair or chmod; replace the key if someone may have read it"}
	useProgram  = ledger.Words{ZH: "请使用创建它的程序", EN: "use the program that made it"}
	endRotation = ledger.Words{ZH: "请用 cadastre rotate-master-key 完成更换", EN: "finish that with cadastre rotate-master-key"}
	endBegin    = ledger.Words{ZH: "请再次运行 cadastre log begin，或恢复其后的备份", EN: "run cadastre log begin again, or restore a backup made after it"}
	rebuildRead = ledger.Words{ZH: "请用 --repair 或 cadastre rebuild 由账本重建", EN: "build it again from the ledger with --repair or cadastre rebuild"}
	trustAgain  = ledger.Words{ZH: "请用 --repair 由账本首条记录重新写出；勿将原文件交给核验者", EN: "write it again from the ledger's first entry with --repair; do not give the old file to verifiers"}
	trustBack   = ledger.Words{ZH: "请复制回本节点创建或加入时所用的信任文件", EN: "copy back the trust file with which the node was created or joined"}
	removeIt    = ledger.Words{ZH: "中断的写入所留，请用 --repair 删除", EN: "an interrupted write left it: remove it with --repair"}
	objectBack  = ledger.Words{ZH: "请从任一备份恢复此对象的内容与密钥两个文件：对象从不改变", EN: "restore both files of the object, content and key, from any backup: objects never change"}
	partyKeys   = ledger.Words{ZH: "请恢复 node.db；或由该单位以 party prove-key 换用新密钥", EN: "restore node.db, or have the party replace the key with party prove-key"}
)

// Examine examines the folder of a node that does not run, and repairs it if that is
// asked for. Otherwise it changes no file of the folder. It refuses a folder that is
// served, and one that has no node. Its memory does not grow with the folder.
func Examine(ctx context.Context, o Options, how Examination) (Diagnosis, error) {
	d := folder(o.Dir)
	unlock, served, err := d.tryLock(0)
	if err != nil {
		return Diagnosis{}, err
	}
	if served {
		return Diagnosis{}, words.Errorf("%s 中的节点正在运行：请先停止；doctor 只检查未在运行的文件夹", "the node in %s is running: stop it first; doctor examines a folder that is not served", d)
	}
	defer unlock()
	if !d.has("format") && !d.has("node.json") {
		return Diagnosis{}, words.Errorf("%s 中没有节点", "%s has no node", d)
	}
	x := &examination{folder: d, opts: o, how: how}
	err = x.run(ctx)
	x.closeAll()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && how.Repair {
		err = x.repairAll(ctx)
	}
	return x.found, err
}

func (d folder) has(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}

// examination is a running examination.
type examination struct {
	folder
	opts     Options
	how      Examination
	settings Settings
	keys     keys
	found    Diagnosis
	tmp      string // folder with views of databases; empty: not needed
	closers  []func() error

	// What could not be opened is nil; so is the ledger if it is shared.
	ledger      *embedded.Ledger
	ledgerSound bool
	receiptLog  *receipts.Examined
	node        *sqldb.DB
	trust       evidence.Trust // what the ledger says; only if it is sound
	anchor      *ledger.Anchor // the last of the receipt log
}

// run examines the files in the order in which they depend on each other.
func (x *examination) run(ctx context.Context) error {
	x.leftovers()
	if !x.format() || !x.nodeFile() || !x.keyFiles() {
		x.skip("账本、回执、对象与检索数据：其所依据的文件已损坏", "the ledger, the receipts, the objects and the read model: a file that they depend on is damaged")
		return nil
	}
	if x.settings.Ledger == "" {
		x.skip("账本：尚待创世请求", "the ledger: it waits for its genesis")
		return nil
	}
	for _, step := range []struct {
		zh, en string
		do     func(context.Context) error
	}{
		{"账本", "the ledger", x.register},
		{"信任文件", "the trust file", x.trustFile},
		{"回执", "the receipts", x.receipts},
		{"node.db", "node.db", x.nodeDB},
		{"对象", "the objects", x.objects},
		{"read.db", "read.db", x.readModel},
	} {
		if x.how.Progress != nil {
			x.how.Progress(ledger.Words{ZH: step.zh, EN: step.en})
		}
		if err := step.do(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// find adds a finding. repair may be nil.
func (x *examination) find(file, key string, what error, advice ledger.Words, repair func(context.Context) error) {
	x.found.Findings = append(x.found.Findings, Finding{File: file, Key: key, What: what, Advice: advice, repair: repair})
}

// stored adds a finding in a database, unless the error is that the examination was
// stopped. The key is what the error names.
func (x *examination) stored(ctx context.Context, file string, err error, advice ledger.Words, repair func(context.Context) error) {
	if ctx.Err() == nil {
		x.find(file, keyIn(err), err, advice, repair)
	}
}

// named matches how the errors of the stores name what is wrong.
var named = regexp.MustCompile(`the record (\S+) |the (?:use|counters) of (.+?) (?:is|do) not|delivery (\S+) has|(entry \d+|tile \d+/\d+|receipt \d+|checkpoint)`)

// keyIn returns what an error of a store names first: the key of a record, an order or
// license, an entry, tile, receipt or checkpoint; else nothing.
func keyIn(err error) string {
	m := named.FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	return m[1] + m[2] + m[3] + m[4] // one of them matched
}

func (x *examination) skip(zh, en string) {
	x.found.Skipped = append(x.found.Skipped, ledger.Words{ZH: zh, EN: en})
}

// repairAll repairs what can be, in the order in which it was found.
func (x *examination) repairAll(ctx context.Context) error {
	for i := range x.found.Findings {
		f := &x.found.Findings[i]
		if f.repair == nil {
			continue
		}
		if err := f.repair(ctx); err != nil {
			return words.Errorf("修复 %s：%v", "repair %s: %v", x.path(f.File), err)
		}
		f.Repaired = true
	}
	return nil
}

// leftovers finds what interrupted writes left behind.
func (x *examination) leftovers() {
	for _, pattern := range []string{"*.tmp", readModelNext + "*", rebuildRequest, rebuildState, "keys/*.tmp", "keys/master.new"} {
		names, err := filepath.Glob(x.path(filepath.FromSlash(pattern)))
		if err != nil {
			continue // the patterns are constants
		}
		for _, name := range names {
			file, err := filepath.Rel(string(x.folder), name)
			if err == nil {
				x.find(filepath.ToSlash(file), "", words.Errorf("残留的临时文件", "a temporary file was left behind"), removeIt,
					func(context.Context) error { return os.RemoveAll(name) })
			}
		}
	}
}

// closeAll closes what was opened, and removes the views.
func (x *examination) closeAll() {
	var errs []error
	for _, shut := range slices.Backward(x.closers) {
		errs = append(errs, shut())
	}
	x.closers, x.ledger, x.receiptLog, x.node = nil, nil, nil, nil
	if x.tmp != "" {
		errs = append(errs, os.RemoveAll(x.tmp))
	}
	if err := errors.Join(errs...); err != nil {
		x.skip("关闭："+err.Error(), "closing: "+err.Error())
	}
}
