package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// part is what was received of a file: the bytes in FILE.part, and in FILE.part.json of
// which content they are.
type part struct {
	*os.File
	about string // path of FILE.part.json
	of    partOf
	fresh bool // it was begun again, since the node sent the whole content
}

// partOf names the content whose first bytes a part has.
type partOf struct {
	SHA256 ledger.Digest `json:"sha256"` // the ETag of the content
	Bytes  int64         `json:"bytes"`  // of the whole content
	Starts []ledger.ID   `json:"starts"` // ids of the start receipts of its requests
}

// openPart opens the part of a file and returns how many bytes it has. It drops bytes that
// are not known to be of the wanted content: those of an older content, or of another file
// that has this name. An empty want accepts any content.
func openPart(file string, want ledger.Digest) (*part, int64, error) {
	f, err := os.OpenFile(file+".part", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, words.Errorf("打开 %s.part：%v", "open %s.part: %v", file, err)
	}
	p := &part{File: f, about: file + ".part.json"}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		err = p.read()
	}
	if err == nil && (p.of.SHA256 == "" || want != "" && p.of.SHA256 != want || size > p.of.Bytes) {
		size, err = 0, p.drop()
	}
	if err != nil {
		return nil, 0, errors.Join(words.Errorf("读取 %s.part：%v", "read %s.part: %v", file, err), f.Close())
	}
	return p, size, nil
}

// read reads of which content the bytes are. A file that does not say it is ignored.
func (p *part) read() error {
	b, err := os.ReadFile(p.about)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller names the file
	}
	if ledger.DecodeStrict(b, &p.of) != nil {
		p.of = partOf{}
	}
	return nil
}

// drop removes the bytes, and what is known of them.
func (p *part) drop() error {
	p.of = partOf{}
	_, seek := p.Seek(0, io.SeekStart)
	return errors.Join(p.Truncate(0), seek)
}

// begin stores, before the first byte of an answer, whose bytes follow.
func (p *part) begin(hash ledger.Digest, bytes int64, start ledger.ID) error {
	p.of.SHA256, p.of.Bytes, p.of.Starts = hash, bytes, append(p.of.Starts, start)
	b, err := json.Marshal(p.of)
	if err != nil {
		return err //nolint:wrapcheck // the caller names the file
	}
	return durable.WriteFile(p.about, append(b, '\n')) //nolint:wrapcheck // the caller names the file
}

// finish checks the SHA-256 of the complete file and gives it its name. It drops bytes that
// are not the content.
func (p *part) finish(file string) error {
	got, err := hashOf(p.File)
	if err != nil {
		return words.Errorf("读取 %s.part：%v", "read %s.part: %v", file, err)
	}
	if got != p.of.SHA256 {
		want := p.of.SHA256
		return errors.Join(words.Errorf("收到的内容与记录不符（SHA-256 为 %s，应为 %s），已弃：请再次运行同一命令，从头获取",
			"the content received is not the recorded content (SHA-256 %s, not %s) and is dropped: run the same command to fetch it from the beginning", got, want),
			p.drop(), p.remove(file))
	}
	err = durable.Close(p.File)
	if err == nil {
		err = durable.Rename(file+".part", file)
	}
	if err == nil {
		err = os.Remove(p.about)
	}
	if err != nil {
		return words.Errorf("保存 %s：%v", "save %s: %v", file, err)
	}
	return nil
}

// remove removes a part without bytes, so that a refused fetch leaves nothing.
func (p *part) remove(file string) error {
	info, err := p.Stat()
	if err != nil || info.Size() > 0 {
		return err //nolint:wrapcheck // of a file that is open
	}
	return errors.Join(os.Remove(file+".part"), os.RemoveAll(p.about))
}

// hashOf returns the SHA-256 of a whole file.
func hashOf(f *os.File) (ledger.Digest, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err //nolint:wrapcheck // the caller names the file
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err //nolint:wrapcheck // the caller names the file
	}
	return ledger.Digest(hex.EncodeToString(h.Sum(nil))), nil
}
