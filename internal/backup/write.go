package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/minio/sio"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Copy is a copy that is being made. It is used by one goroutine. Unless Finish returns
// without an error, it is not there for anyone who reads the target, and the next writer
// removes it.
type Copy struct {
	// Reread reads all content here and in the target, and copies again what was changed
	// in the target.
	Reread bool

	to    *Target
	key   []byte
	head  Head
	files []File
	done  func(bytes int64) // progress
}

// Begin begins a copy of the node with this origin and ledger, whose state is read now.
// done is called with the number of further bytes that were written.
func (t *Target) Begin(ctx context.Context, origin string, id ledger.ID, s Seals, done func(int64)) (*Copy, error) {
	at := t.now()
	name, err := newID(at)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	c := &Copy{to: t, head: Head{
		Format: version, ID: name, At: ledger.Millis(at.UnixMilli()), Origin: origin, Ledger: id, SealedFor: s.Kind(), Master: s.Master.ID(),
	}}
	c.done = func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		done(n)
	}
	if c.key, err = newKey(); err != nil {
		return nil, err
	}
	if c.head.Key, err = s.sealKey(c.key, name); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(c.head, "", "  ")
	if err != nil {
		return nil, words.Errorf("编写 head：%v", "encode head: %v", err)
	}
	return c, c.write(ctx, headFile, false, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// ID returns the id of the copy.
func (c *Copy) ID() string { return c.head.ID }

// SealedFor returns how the key of the copy is sealed.
func (c *Copy) SealedFor() string { return c.head.SealedFor }

// At returns when the copied state was read.
func (c *Copy) At() ledger.Millis { return c.head.At }

// Folder writes a file of the node's folder, encrypted; fill writes its bytes.
func (c *Copy) Folder(ctx context.Context, name string, fill func(io.Writer) error) error {
	return c.write(ctx, folderPart+name, true, fill)
}

// write writes a file of the copy and adds it to the manifest.
func (c *Copy) write(ctx context.Context, name string, encrypted bool, fill func(io.Writer) error) error {
	o, err := c.create(ctx, name, encrypted)
	if err != nil {
		return err
	}
	f, err := o.finish(fill(o))
	if err != nil {
		return words.Errorf("写入备份的 %s：%v", "write %s of the backup: %v", name, err)
	}
	c.files = append(c.files, f)
	return nil
}

// output is a file that is being written.
type output struct {
	name  string
	pipe  *io.PipeWriter
	to    io.WriteCloser // encrypts to counted
	bytes int64          // in clear
	count counted
	ended chan error // the result of the target
}

// counted counts and hashes what is stored.
type counted struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
	done  func(int64)
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.hash.Write(b[:n])
	c.bytes += int64(n)
	c.done(int64(n))
	return n, err
}

// create begins a file of the copy.
func (c *Copy) create(ctx context.Context, name string, encrypted bool) (*output, error) {
	r, w := io.Pipe()
	o := &output{name: name, pipe: w, ended: make(chan error, 1)}
	o.count = counted{w: w, hash: sha256.New(), done: c.done}
	if o.to = (plain{&o.count}); encrypted {
		cipher, err := stream(c.key, name)
		if err == nil {
			o.to, err = sio.EncryptWriter(&o.count, cipher)
		}
		if err != nil {
			return nil, words.Errorf("加密 %s：%v", "encrypt %s: %v", name, err)
		}
	}
	go func() {
		err := c.to.at.write(ctx, of(c.head.ID, name), r, -1)
		_ = r.CloseWithError(errors.Join(err, errWritten)) // a writer that still writes must not wait
		o.ended <- err
	}()
	return o, nil
}

var errWritten = words.Errorf("文件未能写入", "the file was not stored")

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	o.bytes += int64(n)
	return n, err
}

// finish ends the file, which is not stored if there was an error before.
func (o *output) finish(before error) (File, error) {
	err := before
	if err == nil {
		err = o.to.Close()
	}
	o.pipe.CloseWithError(err) // the end, if there is no error
	if stored := <-o.ended; err == nil || stored != nil && errors.Is(err, errWritten) {
		err = stored
	}
	return File{Name: o.name, Bytes: o.bytes, Stored: o.count.bytes, SHA256: ledger.Digest(hex.EncodeToString(o.count.hash.Sum(nil)))}, err
}

// Finish reads back every file of the copy and compares its hash, and then writes the
// manifest: from then on there is the copy. The caller fills in what describes the node.
func (c *Copy) Finish(ctx context.Context, m Manifest) error {
	for _, f := range c.files {
		if err := c.to.verify(ctx, of(c.head.ID, f.Name), f.Stored, f.SHA256); err != nil {
			return words.Errorf("备份的 %s 读回后不同：%v", "%s of the backup was read back and differs: %v", f.Name, err)
		}
	}
	m.Format, m.ID, m.At, m.Origin, m.Ledger, m.Files = version, c.head.ID, c.head.At, c.head.Origin, c.head.Ledger, c.files
	text, err := json.Marshal(m)
	if err != nil {
		return words.Errorf("编写 manifest：%v", "encode manifest: %v", err)
	}
	cipher, err := stream(c.key, manifestFile)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	if _, err := sio.Encrypt(&sealed, bytes.NewReader(text), cipher); err != nil {
		return words.Errorf("加密 manifest：%v", "encrypt manifest: %v", err)
	}
	if err := c.to.at.sync(); err != nil {
		return err
	}
	name := of(c.head.ID, manifestFile)
	if err := c.to.at.write(ctx, name, bytes.NewReader(sealed.Bytes()), int64(sealed.Len())); err != nil {
		return words.Errorf("写入备份的 %s：%v", "write %s of the backup: %v", manifestFile, err)
	}
	if err := c.to.at.sync(); err != nil {
		return errors.Join(err, c.to.at.remove(ctx, name))
	}
	back, err := c.to.readSmall(ctx, name)
	if err == nil && !bytes.Equal(back, sealed.Bytes()) {
		err = errDiffers
	}
	if err != nil {
		return words.Errorf("备份的 %s 读回后不同：%v", "%s of the backup was read back and differs: %v", manifestFile, errors.Join(err, c.to.at.remove(ctx, name)))
	}
	return nil
}

var errDiffers = words.Errorf("大小或摘要不同", "size or hash differs")

// verify reads a file and compares size and hash.
func (t *Target) verify(ctx context.Context, name string, size int64, digest ledger.Digest) error {
	return t.copyTo(ctx, io.Discard, name, size, digest)
}

// copyTo writes a file as it is stored to w, and compares size and hash at the end.
func (t *Target) copyTo(ctx context.Context, w io.Writer, name string, size int64, digest ledger.Digest) error {
	r, err := t.at.open(ctx, name)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(h, w)}, whileRuns{ctx, io.LimitReader(r, size+1)}, make([]byte, 256<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if n != size || hex.EncodeToString(h.Sum(nil)) != string(digest) {
		return errDiffers
	}
	return nil
}

// whileRuns reads until the context ends.
type whileRuns struct {
	ctx context.Context //nolint:containedctx // of one reading
	r   io.Reader
}

func (w whileRuns) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(b)
}
