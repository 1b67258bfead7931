package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
)

// Upload streams r to the node and returns what it kept.
func (c *Client) Upload(ctx context.Context, r io.Reader) (wire.Ingested, error) {
	var u wire.Ingested
	req, err := c.request(ctx, http.MethodPost, "/v1/uploads", true, r)
	if err != nil {
		return u, err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := c.http.Do(req)
	if err != nil {
		return u, unreachable(c.profile.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return u, unreachable(c.profile.URL, err)
	}
	if resp.StatusCode != http.StatusCreated {
		return u, problem(resp, b)
	}
	if err := json.Unmarshal(b, &u); err != nil {
		return u, words.Errorf("读取上传的答复：%v", "decode upload: %v", err)
	}
	return u, nil
}

// Progress is told how far a fetch has come.
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

// tries is how often a fetch goes on after a cut before it gives up.
const tries = 5

// Fetch gets content of a path into file, going on from what an earlier try
// left in file.part, and checks its SHA-256 before the file appears. Content that
// another node holds is fetched there.
func (c *Client) Fetch(ctx context.Context, path, file string, tell Progress) (Fetched, error) {
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
		done, err := c.fetchOnce(ctx, path, part, &f, tell)
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
		if err != nil && (ledger.AsError(err) != nil && !errors.Is(err, ledger.Unavailable) || try == tries || ctx.Err() != nil) {
			return f, err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond): //nolint:forbidigo // waiting, not telling time
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	return f, settle(part, &f)
}

// fetchOnce makes one request for what is missing; done when all is there.
func (c *Client) fetchOnce(ctx context.Context, path string, part *os.File, f *Fetched, tell Progress) (bool, error) {
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
		return at > 0 && errors.Is(err, errWhole), err
	}
	if resp.StatusCode == http.StatusOK && at > 0 {
		if err := errors.Join(part.Truncate(0), rewind(part)); err != nil {
			return false, words.Errorf("重新开始：%v", "begin anew: %v", err)
		}
		at, f.Resumed = 0, 0
	}
	f.SHA256, f.Bytes = ledger.Digest(strings.Trim(resp.Header.Get("ETag"), `"`)), total
	f.Starts = append(f.Starts, ledger.ID(resp.Header.Get("Cadastre-Receipt")))
	n, err := io.Copy(part, &told{resp.Body, at, total, tell})
	if at+n == total && err == nil {
		return true, nil
	}
	return false, errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy),
		words.Errorf("在 %d 字节处中断（共 %d 字节），再次运行同一命令即可继续：%v", "cut after %d of %d bytes: run the same command to go on: %v", at+n, total, err))
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// errWhole says that nothing is missing.
var errWhole = errors.New("all is there")

// size is the whole content's size, from an answer of 200 or 206.
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
			return 0, errWhole
		}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, unreachable(c.profile.URL, err)
	}
	return 0, problem(resp, b)
}

type told struct {
	r        io.Reader
	at, size int64
	tell     Progress
}

func (t *told) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	t.at += int64(n)
	if t.tell != nil && n > 0 {
		t.tell(t.at, t.size)
	}
	return n, err
}

// settle checks the whole file and gives it its name.
func settle(part *os.File, f *Fetched) error {
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
		return words.Errorf("收到的内容与记录不符（SHA-256 为 %s，应为 %s）：请删除 %s.part 后重新获取", "what came is not what was recorded (SHA-256 %s, not %s): delete %s.part and fetch again", got, f.SHA256, f.File)
	}
	err = durable.Close(part)
	if err == nil {
		err = durable.Rename(f.File+".part", f.File)
	}
	if err != nil {
		return words.Errorf("保存 %s：%v", "keep %s: %v", f.File, err)
	}
	return nil
}
