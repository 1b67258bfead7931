package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/minio/sio"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Backup is a complete copy. Its head and manifest are as they were written; nothing else
// has been read.
type Backup struct {
	Manifest Manifest
	Head     Head

	from   *Target
	key    []byte
	master Master // that opened the copy
}

// MasterFile returns the file of the master key that opened the copy; nil if something
// else did.
func (b *Backup) MasterFile() []byte { return b.master.File }

// newest returns the id of the newest copy. It refuses a target with copies of several
// nodes: the newest of all may be of another one.
func (t *Target) newest(ctx context.Context) (string, error) {
	all, err := t.List(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", words.Errorf("%v 中没有完整的备份", "%v has no complete backup", t.at)
	}
	last := all[len(all)-1]
	for _, l := range all {
		if l.Err == nil && last.Err == nil && (l.Origin != last.Origin || l.Ledger != last.Ledger) {
			return "", words.Errorf("%v 中有多个节点的备份：%s（账本 %s）与 %s（账本 %s）等：请用 --at 选择一份", "%v has backups of several nodes, such as %s (ledger %s) and %s (ledger %s): choose one with --at",
				t.at, l.Origin, l.Ledger, last.Origin, last.Ledger)
		}
	}
	return last.ID, nil
}

// Load opens the copy with an id, or the newest if id is empty and all copies are of one
// node.
func (t *Target) Load(ctx context.Context, id string, o Opens) (*Backup, error) {
	if id == "" {
		var err error
		if id, err = t.newest(ctx); err != nil {
			return nil, err
		}
	}
	if !idForm.MatchString(id) {
		return nil, words.Errorf("%q 不是备份的编号：请用 cadastre backup list 查看", "%q is not the id of a backup: see cadastre backup list", id)
	}
	sealed, err := t.readSmall(ctx, of(id, manifestFile))
	if errors.Is(err, errMissing) {
		return nil, words.Errorf("%v 中没有完整的备份 %s：它缺少 manifest", "%v has no complete backup %s: it has no manifest", t.at, id)
	}
	if err != nil {
		return nil, err
	}
	b := &Backup{from: t}
	var text []byte
	if b.Head, text, err = t.head(ctx, id); err != nil {
		return nil, err
	}
	if b.key, err = o.openKey(b.Head); err != nil {
		return nil, err
	}
	if b.Head.SealedFor == ForMaster {
		b.master, _ = o.master(b.Head.Master)
	}
	cipher, err := stream(b.key, manifestFile)
	if err != nil {
		return nil, err
	}
	var clear bytes.Buffer
	if _, err := sio.Decrypt(&clear, bytes.NewReader(sealed), cipher); err != nil {
		return nil, changed(id, manifestFile)
	}
	if json.Unmarshal(clear.Bytes(), &b.Manifest) != nil {
		return nil, changed(id, manifestFile)
	}
	sum := sha256.Sum256(text)
	if f, ok := b.Manifest.file(headFile); !ok || hex.EncodeToString(sum[:]) != string(f.SHA256) {
		return nil, changed(id, headFile)
	}
	return b, b.Manifest.check(b.Head)
}

// InFolder returns the files of the node's folder.
func (b *Backup) InFolder() (names []string) {
	for _, f := range b.Manifest.Files {
		if name, ok := strings.CutPrefix(f.Name, folderPart); ok {
			names = append(names, name)
		}
	}
	return names
}

// Bytes returns how many bytes of the target the copy uses, content included.
func (b *Backup) Bytes() int64 {
	n := b.Manifest.Content.Bytes
	for _, f := range b.Manifest.Files {
		n += f.Stored
	}
	return n
}

// Folder writes a file of the node's folder to w. At the end it returns ErrChanged if the
// file is not as it was written.
func (b *Backup) Folder(ctx context.Context, name string, w io.Writer) error {
	f, ok := b.Manifest.file(folderPart + name)
	if !ok {
		return lost(b.Head.ID, folderPart+name)
	}
	return b.file(ctx, f, w)
}

// encrypted reports whether a file of a copy is encrypted.
func encrypted(name string) bool { return name != headFile && name != objectsFile }

// file writes a file in clear to w, and checks it.
func (b *Backup) file(ctx context.Context, f File, w io.Writer) error {
	r, err := b.from.at.open(ctx, of(b.Head.ID, f.Name))
	if errors.Is(err, errMissing) {
		return lost(b.Head.ID, f.Name)
	}
	if err != nil {
		return err
	}
	from := &noted{r: whileRuns{ctx, io.LimitReader(r, f.Stored+1)}}
	to, h := &notedWriter{w: w}, sha256.New()
	stored := io.TeeReader(from, h)
	clear := stored
	if encrypted(f.Name) && f.Stored > 0 { // an empty stream has no package
		cipher, err := stream(b.key, f.Name)
		if err == nil {
			clear, err = sio.DecryptReader(stored, cipher)
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
	}
	n, err := io.CopyBuffer(to, clear, make([]byte, 256<<10))
	if err == nil {
		_, err = io.Copy(io.Discard, stored)
	}
	switch closed := r.Close(); {
	case from.err != nil:
		return from.err
	case to.err != nil:
		return to.err
	case closed != nil:
		return closed
	case err != nil || n != f.Bytes || from.bytes != f.Stored || hex.EncodeToString(h.Sum(nil)) != string(f.SHA256):
		return changed(b.Head.ID, f.Name)
	}
	return nil
}

// noted stores why a reader failed: a cipher may take the error for the end.
type noted struct {
	r     io.Reader
	bytes int64
	err   error
}

func (n *noted) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	n.bytes += int64(k)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
		return k, errSource
	}
	return k, err
}

var errSource = words.Errorf("读取失败", "the source failed")

type notedWriter struct {
	w   io.Writer
	err error
}

func (n *notedWriter) Write(b []byte) (int, error) {
	k, err := n.w.Write(b)
	if err != nil {
		n.err = err
	}
	return k, err
}

// Sink takes the content of a copy, several blobs at once. What was begun for a blob must
// not remain if write fails.
type Sink func(name string, write func(io.Writer) error) error

// Discard is a Sink that only reads.
func Discard(_ string, write func(io.Writer) error) error { return write(io.Discard) }

// Objects gives all content and data keys to a sink and checks them. It stops at the first
// error; ErrChanged names the file of the target. The lists are checked first, so that a
// changed list is not reported as changed content.
func (b *Backup) Objects(ctx context.Context, to Sink) error {
	for _, name := range []string{keysFile, objectsFile} {
		f, ok := b.Manifest.file(name)
		if !ok {
			return lost(b.Head.ID, name)
		}
		if err := b.file(ctx, f, io.Discard); err != nil {
			return err
		}
	}
	p := newPool(ctx, workers)
	err := b.eachLine(p.ctx, keysFile, func(text string) error {
		name, coded, _ := strings.Cut(text, " ")
		key, err := base64.RawStdEncoding.DecodeString(coded)
		if err != nil || !objects.IsName(name) {
			return changed(b.Head.ID, keysFile)
		}
		return p.run(func(context.Context) error {
			return to(name, func(w io.Writer) error {
				_, err := w.Write(key)
				return err
			})
		})
	})
	if err = p.wait(err); err != nil {
		return err
	}
	found := Content{InS3: b.Manifest.Content.InS3}
	p = newPool(ctx, workers)
	err = b.eachLine(p.ctx, objectsFile, func(text string) error {
		l, ok := parseLine(text)
		if !ok {
			if strings.HasPrefix(text, endMark) {
				return nil // the manifest has the hash of the whole file
			}
			return changed(b.Head.ID, objectsFile)
		}
		found.Number++
		found.Bytes += l.bytes
		return p.run(func(ctx context.Context) error {
			return to(l.name, func(w io.Writer) error { return b.blob(ctx, l, w) })
		})
	})
	if err = p.wait(err); err != nil {
		return err
	}
	if found != b.Manifest.Content {
		return changed(b.Head.ID, objectsFile)
	}
	return nil
}

// blob writes a blob to w, and checks it.
func (b *Backup) blob(ctx context.Context, l line, w io.Writer) error {
	name := contentName(l.name)
	to := &notedWriter{w: w}
	err := b.from.copyTo(ctx, to, name, l.bytes, l.sha256)
	switch {
	case to.err != nil:
		return to.err
	case errors.Is(err, errMissing):
		return lost(b.Head.ID, name)
	case errors.Is(err, errDiffers):
		return changed(b.Head.ID, name)
	case err != nil:
		return words.Errorf("读取 %s：%v", "read %s: %v", name, err)
	}
	return nil
}

// eachLine calls each for the lines of a file, and checks the file at its end.
func (b *Backup) eachLine(ctx context.Context, name string, each func(string) error) error {
	f, ok := b.Manifest.file(name)
	if !ok {
		return lost(b.Head.ID, name)
	}
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := b.file(ctx, f, w)
		_ = w.CloseWithError(err)
		read <- err
	}()
	var err error
	s := bufio.NewScanner(r)
	for err == nil && s.Scan() {
		err = each(s.Text())
	}
	_ = r.CloseWithError(errSource) // ends the writer
	if e := <-read; e != nil && !errors.Is(e, errSource) {
		return e // the file itself was changed: that explains every other error
	}
	if err == nil {
		err = s.Err()
	}
	return err
}

// Check reads everything that the copy has, and returns what is not as it was written:
// ErrChanged, once for each file.
func (b *Backup) Check(ctx context.Context, done func(int64)) error {
	var errs []error
	for _, f := range b.Manifest.Files {
		if err := b.file(ctx, f, io.Discard); err != nil {
			errs = append(errs, err)
		}
		done(f.Stored)
	}
	found := make(chan error, 1)
	found <- nil
	err := b.Objects(ctx, func(name string, write func(io.Writer) error) error {
		err := write(&progress{done})
		if errors.Is(err, ErrChanged) {
			found <- errors.Join(<-found, err)
			return nil
		}
		return err
	})
	if err != nil && len(errs) > 0 && errors.Is(err, ErrChanged) {
		err = nil // a list that was named above
	}
	return errors.Join(append(errs, err, <-found)...)
}

type progress struct{ done func(int64) }

func (p *progress) Write(b []byte) (int, error) {
	p.done(int64(len(b)))
	return len(b), nil
}
