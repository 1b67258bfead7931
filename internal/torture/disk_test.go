package torture_test

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// disk is what a trace did to the files below a folder: what is durable, and what is not
// yet. A file's bytes are durable when the file was synced after they were written; a name
// when its folder was synced after it was given. A rename between two folders is durable
// with the folder that it leads to, and the old name never goes before the new one is
// there. The kernel promises no more.
type disk struct {
	root    string
	top     *inode
	pending []*nameOp
	offsets map[int]int64          // of descriptors that are written in sequence
	began   map[*call]covered      // syncs that are running
	deaf    func(path string) bool // whose syncs do nothing: for the control
}

// inode is a file or, if names is set, a folder.
type inode struct {
	base    string // where its bytes were when the trace began; empty: nowhere
	durable []byte
	loaded  bool // durable is set
	pending []*write
	names   map[string]*inode // as programs see them
	kept    map[string]*inode // as they are durable
}

// write is a change of a file's bytes that is not durable.
type write struct {
	at       int64
	data     []byte
	truncate bool // to at bytes
}

// nameOp is a change of names that is not durable: name is given to file, or taken away.
type nameOp struct {
	folder *inode
	name   string
	file   *inode
	also   *nameOp // in one step with it: the old name of a rename in one folder
	after  *nameOp // not before that one
	done   bool
}

// covered is what a sync makes durable if it succeeds.
type covered struct {
	file  *inode
	last  *write // of those that it covers; nil: there are none
	names []*nameOp
}

func folder() *inode { return &inode{names: map[string]*inode{}, kept: map[string]*inode{}} }

// newDisk begins with the durable files of a folder, of which base is a copy.
func newDisk(root, base string) (*disk, error) {
	d := &disk{root: root, top: folder(), offsets: map[int]int64{}, began: map[*call]covered{}, deaf: func(string) bool { return false }}
	return d, filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == base {
			return err
		}
		f := &inode{base: path}
		if e.IsDir() {
			f = folder()
		}
		rel, err := filepath.Rel(base, path)
		parent := d.find(filepath.Join(root, filepath.Dir(rel)))
		parent.names[e.Name()], parent.kept[e.Name()] = f, f
		return err
	})
}

// load reads the bytes that a file had when the trace began.
func (f *inode) load() error {
	if f.loaded {
		return nil
	}
	var err error
	f.durable, err = os.ReadFile(f.base)
	f.loaded = err == nil
	return err
}

// find returns the inode of a path as programs see it, or nil.
func (d *disk) find(path string) *inode {
	rel, err := filepath.Rel(d.root, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return nil
	}
	at := d.top
	if rel == "." {
		return at
	}
	for p := range strings.SplitSeq(rel, "/") {
		if at == nil || at.names == nil {
			return nil
		}
		at = at.names[p]
	}
	return at
}

// inside reports whether a path is below the folder.
func (d *disk) inside(path string) bool { return strings.HasPrefix(path, d.root+"/") }

func (d *disk) link(path string, file *inode) *nameOp {
	parent := d.find(filepath.Dir(path))
	if parent == nil || parent.names == nil {
		panic(fmt.Sprintf("%s has no folder in the model", path))
	}
	op := &nameOp{folder: parent, name: filepath.Base(path), file: file}
	if file == nil {
		delete(parent.names, op.name)
	} else {
		parent.names[op.name] = file
	}
	d.pending = append(d.pending, op)
	return op
}

// enter notes what a sync covers: all that was done before it began.
func (d *disk) enter(c *call) error {
	if c.name != "fsync" && c.name != "fdatasync" {
		return nil
	}
	path := c.file(0)
	f := d.find(path)
	if f == nil || d.deaf(path) {
		return nil
	}
	s := covered{file: f}
	if n := len(f.pending); n > 0 {
		s.last = f.pending[n-1]
	}
	for _, op := range d.pending {
		if op.folder == f {
			s.names = append(s.names, op)
		}
	}
	d.began[c] = s
	return nil
}

// leave applies a call that has returned.
func (d *disk) leave(c *call) error {
	if c.ret < 0 {
		delete(d.began, c)
		return nil
	}
	switch c.name {
	case "fsync", "fdatasync":
		if s, found := d.began[c]; found {
			delete(d.began, c)
			return d.sync(s)
		}
	case "openat":
		return d.opened(c)
	case "write":
		if d.inside(c.file(0)) {
			return d.wrote(c, d.next(c), c.text(1)[:c.ret])
		}
	case "pwrite64":
		if d.inside(c.file(0)) {
			return d.wrote(c, c.number(3), c.text(1)[:c.ret])
		}
	case "lseek":
		d.offsets[c.fd(0)] = c.ret
	case "ftruncate":
		if f := d.find(c.file(0)); f != nil {
			f.pending = append(f.pending, &write{at: c.number(1), truncate: true})
		}
	case "renameat", "renameat2":
		d.renamed(c.path(0, 1), c.path(2, 3))
	case "unlinkat":
		if p := c.path(0, 1); d.inside(p) {
			d.link(p, nil)
		}
	case "mkdirat":
		if p := c.path(0, 1); d.inside(p) {
			d.link(p, folder())
		}
	default:
		if d.concerns(c) {
			return fmt.Errorf("%s %q: the model does not know this call", c.name, c.args)
		}
	}
	return nil
}

// concerns reports whether a call names something below the folder.
func (d *disk) concerns(c *call) bool {
	return slices.ContainsFunc(c.args, func(arg string) bool {
		text, _ := hex.DecodeString(strings.ReplaceAll(strings.Trim(arg, `"`), `\x`, ""))
		return d.inside(pathIn(arg)) || d.inside(string(text))
	})
}

func (d *disk) opened(c *call) error {
	path := c.path(0, 1)
	flags := strings.Split(c.args[2], "|")
	has := func(flag string) bool { return slices.Contains(flags, flag) }
	d.offsets[int(c.ret)] = 0
	if !d.inside(path) {
		return nil
	}
	if has("O_APPEND") {
		return fmt.Errorf("%s is appended to: the model does not know where it ends", path)
	}
	f := d.find(path)
	if f == nil && has("O_CREAT") {
		f = &inode{loaded: true}
		d.link(path, f)
	}
	if f != nil && has("O_TRUNC") {
		f.pending = append(f.pending, &write{truncate: true})
	}
	return nil
}

// next returns where a write in sequence lands, and moves the descriptor.
func (d *disk) next(c *call) int64 {
	at := d.offsets[c.fd(0)]
	d.offsets[c.fd(0)] = at + c.ret
	return at
}

func (d *disk) wrote(c *call, at int64, data []byte) error {
	f := d.find(c.file(0))
	if f == nil {
		if strings.HasSuffix(c.file(0), " (deleted)") || strings.HasSuffix(c.file(0), "-shm") {
			return nil
		}
		return fmt.Errorf("%s into %s, which the model does not have", c.name, c.file(0))
	}
	f.pending = append(f.pending, &write{at: at, data: data})
	return nil
}

func (d *disk) renamed(from, to string) {
	if !d.inside(from) || !d.inside(to) {
		return
	}
	f := d.find(from)
	given := d.link(to, f)
	taken := d.link(from, nil)
	if taken.folder == given.folder {
		given.also = taken
		d.pending = d.pending[:len(d.pending)-1]
		return
	}
	taken.after = given
}

// sync makes durable what a sync covers; another may have done a part of it meanwhile.
func (d *disk) sync(s covered) error {
	f := s.file
	if n := slices.Index(f.pending, s.last) + 1; n > 0 && f.names == nil {
		if err := f.load(); err != nil {
			return err
		}
		for _, w := range f.pending[:n] {
			f.durable = w.apply(f.durable)
		}
		f.pending = f.pending[n:]
	}
	for _, op := range s.names {
		op.keep()
	}
	d.pending = slices.DeleteFunc(d.pending, func(op *nameOp) bool { return op.done })
	return nil
}

// keep makes a change of names durable.
func (op *nameOp) keep() {
	if op.done || op.after != nil && !op.after.done {
		return
	}
	op.apply(op.folder.kept)
	op.done = true
}

func (op *nameOp) apply(names map[string]*inode) {
	if op.file == nil {
		delete(names, op.name)
	} else {
		names[op.name] = op.file
	}
	if op.also != nil {
		op.also.apply(names)
	}
}

func (w *write) apply(b []byte) []byte {
	end := w.at + int64(len(w.data))
	if w.truncate && int64(len(b)) > w.at {
		return b[:w.at:w.at]
	}
	if int64(len(b)) < end {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[w.at:], w.data)
	return b
}
