package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Source is the content of a node as it is stored.
type Source interface {
	List(ctx context.Context, each func(objects.Blob) error) error
	Open(ctx context.Context, b objects.Blob) (io.ReadCloser, error)

	// Check reads the content that a blob begins, and returns objects.ErrDamaged if it is
	// not what was put there. It is called for what no copy has: there is no hash to compare
	// with.
	Check(ctx context.Context, b objects.Blob) error
}

// Copied is what Objects did.
type Copied struct {
	Content Content
	New     int64 // blobs that were not in the target before
	Bytes   int64 // of these
	// Damaged are the blobs of the node that are not what was put there, or not what they
	// were when they were first copied. The rest of the copy is whole.
	Damaged []string
}

const (
	batch   = 128     // blobs that are copied before their lines are written
	workers = 8       // that copy them: the disk syncs several files at once
	maxKey  = 1 << 10 // bytes of a sealed data key
)

// Objects copies the content that is not in the target yet, reads back what it copied, and
// writes the lists of content and data keys.
//
// A blob never changes, so one that is in the target with its size is not copied again. Its
// hash comes from known, the list of an earlier copy that Objects has written to lines; if
// it is not in there, or with Reread, the blob is read here and in the target, and what
// was changed in the target is copied again.
func (c *Copy) Objects(ctx context.Context, from Source, known io.Reader, lines io.Writer) (Copied, error) {
	var done Copied
	content, err := c.create(ctx, objectsFile, false)
	if err != nil {
		return done, err
	}
	keys, err := c.create(ctx, keysFile, true)
	if err == nil {
		var listed error
		sums := sha256.New()
		w := &contentCopy{
			Copy: c, from: from, known: cursorOf(readLines(known)), there: cursorOf(c.to.there(ctx, &listed)), done: &done,
			content: bufio.NewWriter(io.MultiWriter(content, sums)), keys: bufio.NewWriter(keys), lines: bufio.NewWriter(lines),
		}
		err = w.all(ctx)
		w.known.stop()
		w.there.stop()
		if err == nil {
			err = listed
		}
		if err == nil {
			_, err = fmt.Fprintln(content, endMark+hex.EncodeToString(sums.Sum(nil)))
		}
	}
	for _, o := range []*output{content, keys} {
		if o == nil {
			continue
		}
		f, e := o.finish(err)
		if e != nil && err == nil {
			err = e
		}
		c.files = append(c.files, f)
	}
	if err != nil {
		return done, words.Errorf("复制内容：%v", "copy content: %v", err)
	}
	return done, nil
}

// contentCopy is a running Objects.
type contentCopy struct {
	*Copy
	from    Source
	known   *cursor[line]
	there   *cursor[int64]
	content *bufio.Writer
	keys    *bufio.Writer
	lines   *bufio.Writer // what the next copy knows
	done    *Copied
	next    []task
}

// task is one blob to copy, and what came of it.
type task struct {
	blob  objects.Blob
	known ledger.Digest // empty: not known
	there bool

	line    string
	copied  bool
	damaged bool
	err     error
}

func (w *contentCopy) all(ctx context.Context) error {
	err := w.from.List(ctx, func(b objects.Blob) error {
		t := task{blob: b}
		if l, ok := w.known.at(b.Name); ok && l.bytes == b.Bytes {
			t.known = l.sha256
		}
		size, ok := w.there.at(contentName(b.Name))
		t.there = ok && size == b.Bytes
		if w.next = append(w.next, t); len(w.next) < batch {
			return nil
		}
		return w.flush(ctx)
	})
	if err == nil {
		err = w.flush(ctx)
	}
	if err == nil {
		err = errors.Join(w.content.Flush(), w.keys.Flush(), w.lines.Flush())
	}
	return err
}

// flush copies the next blobs and writes their lines in order.
func (w *contentCopy) flush(ctx context.Context) error {
	work := make(chan *task)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for t := range work {
				w.one(ctx, t)
			}
		})
	}
	for i := range w.next {
		work <- &w.next[i]
	}
	close(work)
	running.Wait()
	for _, t := range w.next {
		if errors.Is(t.err, objects.ErrNotExist) {
			continue // deleted meanwhile
		}
		if t.err != nil {
			return fmt.Errorf("%s: %w", t.blob.Name, t.err)
		}
		if err := w.note(t); err != nil {
			return err
		}
	}
	w.next = w.next[:0]
	return nil
}

// note writes the lines of a blob.
func (w *contentCopy) note(t task) error {
	if t.blob.Key {
		_, err := w.keys.WriteString(t.line + "\n")
		return err
	}
	if t.damaged {
		w.done.Damaged = append(w.done.Damaged, t.blob.Name)
	}
	if t.line == "" { // damaged: the next copy still knows what it was
		_, err := w.lines.WriteString(line{t.blob.Name, t.blob.Bytes, t.known}.text() + "\n")
		return err
	}
	knownAs := t.line
	if t.damaged && t.known == "" { // so that the next copy reports it, too
		knownAs = ""
	}
	w.done.Content.Number++
	w.done.Content.Bytes += t.blob.Bytes
	if t.copied {
		w.done.New++
		w.done.Bytes += t.blob.Bytes
	}
	_, err := w.content.WriteString(t.line + "\n")
	if err == nil && knownAs != "" {
		_, err = w.lines.WriteString(knownAs + "\n")
	}
	return err
}

// one copies a blob, or finds that it is there.
func (w *contentCopy) one(ctx context.Context, t *task) {
	switch {
	case t.blob.Key:
		var key []byte
		if key, t.err = w.readKey(ctx, t.blob); t.err == nil {
			t.line = t.blob.Name + " " + base64.RawStdEncoding.EncodeToString(key)
		}
		return
	case t.there && t.known != "" && !w.Reread:
		t.line = line{t.blob.Name, t.blob.Bytes, t.known}.text()
		return
	}
	var digest ledger.Digest
	if t.there {
		digest, t.err = w.compare(ctx, t)
	} else {
		digest, t.err = w.copy(ctx, t)
	}
	if t.err == nil && digest != "" {
		t.line = line{t.blob.Name, t.blob.Bytes, digest}.text()
	}
}

func (w *contentCopy) readKey(ctx context.Context, b objects.Blob) ([]byte, error) {
	r, err := w.from.Open(ctx, b)
	if err != nil {
		return nil, err
	}
	key, err := io.ReadAll(io.LimitReader(r, maxKey+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if int64(len(key)) != b.Bytes || len(key) > maxKey {
		return nil, words.Errorf("数据密钥有 %d 字节", "a data key of %d bytes", len(key))
	}
	return key, nil
}

// compare reads a blob here and in the target. If the target's was changed, it is copied
// again; else the copy refers to the target's, and the node's is reported.
func (w *contentCopy) compare(ctx context.Context, t *task) (ledger.Digest, error) {
	r, err := w.from.Open(ctx, t.blob)
	if err != nil {
		return "", err
	}
	here, err := sum(ctx, r)
	if err != nil {
		return "", err
	}
	if r, err = w.to.at.open(ctx, contentName(t.blob.Name)); err != nil {
		return "", err
	}
	there, err := sum(ctx, r)
	if err != nil || here == there && here == t.known {
		return there, err
	}
	good := here == t.known
	if t.known == "" || here == there {
		if good, err = w.isGood(ctx, t.blob); err != nil {
			return "", err
		}
	}
	switch {
	case good && here == there:
		t.known = here
	case good: // the target's was changed
		t.known = here
		return w.copy(ctx, t)
	default:
		t.damaged = true
	}
	return there, nil
}

// isGood reports whether a blob is what was put there.
func (w *contentCopy) isGood(ctx context.Context, b objects.Blob) (bool, error) {
	err := w.from.Check(ctx, b)
	if errors.Is(err, objects.ErrDamaged) {
		return false, nil
	}
	return err == nil, err
}

func sum(ctx context.Context, r io.ReadCloser) (ledger.Digest, error) {
	h := sha256.New()
	_, err := io.CopyBuffer(struct{ io.Writer }{h}, whileRuns{ctx, r}, make([]byte, 256<<10))
	return ledger.Digest(hex.EncodeToString(h.Sum(nil))), errors.Join(err, r.Close())
}

// copy copies a blob and reads it back. A blob that is not what it was when it was first
// copied is reported and not in the copy; one that was damaged before that is reported and
// copied, because there is no better one.
func (w *contentCopy) copy(ctx context.Context, t *task) (ledger.Digest, error) {
	r, err := w.from.Open(ctx, t.blob)
	if err != nil {
		return "", err
	}
	h, name := sha256.New(), contentName(t.blob.Name)
	into := &counted{w: io.Discard, hash: h, done: w.Copy.done}
	err = w.to.at.write(ctx, name, whileRuns{ctx, io.TeeReader(r, into)}, t.blob.Bytes)
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	digest := ledger.Digest(hex.EncodeToString(h.Sum(nil)))
	if into.bytes != t.blob.Bytes {
		return "", words.Errorf("只读到 %d 字节，应为 %d：%v", "%d of %d bytes were read: %v", into.bytes, t.blob.Bytes, errors.Join(errDiffers, w.to.at.remove(ctx, name)))
	}
	if t.known != "" && digest != t.known {
		t.damaged = true
		return "", w.to.at.remove(ctx, name)
	}
	t.copied = true
	if err := w.to.verify(ctx, name, t.blob.Bytes, digest); err != nil {
		return "", words.Errorf("副本读回后不同：%v", "the copy was read back and differs: %v", errors.Join(err, w.to.at.remove(ctx, name)))
	}
	if t.known == "" {
		good, err := w.isGood(ctx, t.blob)
		t.damaged = !good
		return digest, err
	}
	return digest, nil
}

// contentName returns the name of a blob in the target: objects/AB/NAME, in 256 folders.
func contentName(name string) string {
	return contentPart + name[:3] + path.Base(name)
}
