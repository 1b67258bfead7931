package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
)

// Progress is called with the number of bytes received or sent, and the total.
type Progress func(done, total int64)

// Fetched is a file that was fetched and checked.
type Fetched struct {
	File    string        `json:"file"`
	SHA256  ledger.Digest `json:"sha256"`
	Bytes   int64         `json:"bytes"`
	Resumed int64         `json:"resumed_from,omitempty"`
	Starts  []ledger.ID   `json:"starts"` // ids of the start receipts
	Node    string        `json:"node"`   // origin of the node that it came from
}

// maxTries is the number of requests of a fetch before it gives up.
const maxTries = 5

// Fetch downloads the content at a path into file. It resumes what an earlier fetch left in
// file.part, and checks the SHA-256 before it renames that to file. Content at another node
// is fetched there. progress may be nil.
func (c *Client) Fetch(ctx context.Context, path, file string, progress Progress) (Fetched, error) {
	f := Fetched{File: file, Starts: []ledger.ID{}}
	part, err := os.OpenFile(file+".part", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return f, words.Errorf("打开 %s.part：%v", "open %s.part: %v", file, err)
	}
	defer part.Close()
	if f.Resumed, err = part.Seek(0, io.SeekEnd); err != nil {
		return f, words.Errorf("读取 %s.part：%v", "read %s.part: %v", file, err)
	}
	f.Node = c.profile.Origin
	for try := 1; ; try++ {
		done, err := c.fetchOnce(ctx, path, part, &f, progress)
		if done {
			break
		}
		if list := places(err); len(list) == 1 && try == 1 {
			if c, err = c.At(list[0]); err != nil {
				return f, err
			}
			f.Node = list[0].Origin
			continue
		}
		if err != nil && (ledger.AsError(err) != nil && !errors.Is(err, ledger.Unavailable) || try == maxTries || ctx.Err() != nil) {
			return f, err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond): //nolint:forbidigo // a delay, not the time of day
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	return f, finish(part, &f)
}

// fetchOnce makes one request for the missing bytes, and reports whether the file is
// complete.
func (c *Client) fetchOnce(ctx context.Context, path string, part *os.File, f *Fetched, progress Progress) (bool, error) {
	at, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return false, words.Errorf("读取已收到的部分：%v", "read part: %v", err)
	}
	req, err := c.request(ctx, http.MethodGet, path, true, nil)
	if err != nil {
		return false, err
	}
	if at > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(at, 10)+"-")
		if f.SHA256 != "" {
			req.Header.Set("If-Range", `"`+string(f.SHA256)+`"`)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, unreachable(c.profile.URL, err)
	}
	defer resp.Body.Close()
	total, err := c.size(resp, at)
	if err != nil {
		return at > 0 && errors.Is(err, errComplete), err
	}
	if resp.StatusCode == http.StatusOK && at > 0 {
		if err := errors.Join(part.Truncate(0), rewind(part)); err != nil {
			return false, words.Errorf("重新开始：%v", "start again: %v", err)
		}
		at, f.Resumed = 0, 0
	}
	f.SHA256, f.Bytes = ledger.Digest(strings.Trim(resp.Header.Get("ETag"), `"`)), total
	f.Starts = append(f.Starts, ledger.ID(resp.Header.Get("Cadastre-Receipt")))
	n, err := io.Copy(part, &progressReader{resp.Body, at, total, progress})
	if at+n == total && err == nil {
		return true, nil
	}
	return false, errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy),
		words.Errorf("在 %d 字节处中断（共 %d 字节），再次运行同一命令即可继续：%v", "interrupted after %d of %d bytes: run the same command to resume: %v", at+n, total, err))
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// errComplete reports that no byte is missing.
var errComplete = errors.New("the file is complete")

// size returns the size of the whole content from an answer of 200 or 206.
func (c *Client) size(resp *http.Response, at int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.ContentLength, nil
	case http.StatusPartialContent:
		_, total, ok := strings.Cut(resp.Header.Get("Content-Range"), "/")
		n, err := strconv.ParseInt(total, 10, 64)
		if !ok || err != nil {
			return 0, words.Errorf("节点的分段答复未载总长度", "the node answered a range without its size")
		}
		return n, nil
	case http.StatusRequestedRangeNotSatisfiable:
		if resp.Header.Get("Content-Range") == "bytes */"+strconv.FormatInt(at, 10) {
			return 0, errComplete
		}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, unreachable(c.profile.URL, err)
	}
	return 0, problem(resp, b)
}

// progressReader reports how many bytes were read.
type progressReader struct {
	r        io.Reader
	at, size int64
	progress Progress
}

func (t *progressReader) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	t.at += int64(n)
	if t.progress != nil && n > 0 {
		t.progress(t.at, t.size)
	}
	return n, err
}

// finish checks the SHA-256 of the complete file and gives the file its name.
func finish(part *os.File, f *Fetched) error {
	if err := rewind(part); err != nil {
		return words.Errorf("读取已收到的部分：%v", "read part: %v", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, part)
	if err != nil {
		return words.Errorf("读取已收到的部分：%v", "read part: %v", err)
	}
	got := ledger.Digest(hex.EncodeToString(h.Sum(nil)))
	if f.SHA256 == "" {
		f.SHA256, f.Bytes = got, n
	}
	if got != f.SHA256 {
		return words.Errorf("收到的内容与记录不符（SHA-256 为 %s，应为 %s）：请删除 %s.part 后重新获取", "the content received is not the recorded content (SHA-256 %s, not %s): delete %s.part and fetch again", got, f.SHA256, f.File)
	}
	err = durable.Close(part)
	if err == nil {
		err = durable.Rename(f.File+".part", f.File)
	}
	if err != nil {
		return words.Errorf("保存 %s：%v", "save %s: %v", f.File, err)
	}
	return nil
}
