package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
)

// Upload streams r to the node and returns what the node stored.
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
		return u, c.refused(resp, b)
	}
	if err := json.Unmarshal(b, &u); err != nil {
		return u, words.Errorf("读取上传的答复：%v", "decode upload: %v", err)
	}
	return u, nil
}

// Progress is called with the number of bytes received and the total.
type Progress func(done, total int64)

// Fetched is a file that was fetched and checked.
type Fetched struct {
	File    string        `json:"file"`
	SHA256  ledger.Digest `json:"sha256"`
	Bytes   int64         `json:"bytes"`
	Resumed int64         `json:"resumed_from,omitempty"`
	Starts  []ledger.ID   `json:"starts"` // ids of the start receipts, those of earlier runs too
	Node    string        `json:"node"`   // origin of the node that it came from
}

// maxTries is the number of requests of a fetch before it gives up.
const maxTries = 5

// Fetch downloads the content at a path into file. want is the SHA-256 that the ledger
// records; an empty one accepts what the node sends. It resumes what an earlier fetch left
// of the same content in file.part, and drops other bytes there. It checks the SHA-256
// before it renames file.part to file. Content at another node is fetched there. progress
// may be nil.
func (c *Client) Fetch(ctx context.Context, path, file string, want ledger.Digest, progress Progress) (Fetched, error) {
	f := Fetched{File: file, Node: c.profile.Origin}
	p, size, err := openPart(file, want)
	if err != nil {
		return f, err
	}
	defer p.Close()
	f.Resumed = size
	earlier := len(p.of.Starts)
	for try := 1; ; try++ {
		done, err := c.fetchOnce(ctx, path, p, want, progress)
		if done {
			break
		}
		if list := places(err); len(list) == 1 && try == 1 {
			if c, err = c.At(list[0]); err != nil {
				return f, errors.Join(err, p.remove(file))
			}
			f.Node = list[0].Origin
			continue
		}
		if !mayRetry(err, len(p.of.Starts) > earlier) || try == maxTries || ctx.Err() != nil {
			return f, errors.Join(err, p.remove(file))
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond): //nolint:forbidigo // a delay, not the time of day
		case <-ctx.Done():
			return f, errors.Join(err, p.remove(file))
		}
	}
	f.SHA256, f.Bytes, f.Starts = p.of.SHA256, p.of.Bytes, p.of.Starts
	if p.fresh {
		f.Resumed = 0
	}
	return f, p.finish(file)
}

// mayRetry reports whether the next request may go better: not after a refusal or a fault of
// this machine, and not if no connection could be made at all.
func mayRetry(err error, begun bool) bool {
	return errors.Is(err, ledger.Unavailable) && (begun || !NotSent(err))
}

// fetchOnce makes one request for the missing bytes, and reports whether the file is
// complete.
func (c *Client) fetchOnce(ctx context.Context, path string, p *part, want ledger.Digest, progress Progress) (bool, error) {
	at, err := p.Seek(0, io.SeekEnd)
	if err != nil {
		return false, words.Errorf("读取已收到的部分：%v", "read part: %v", err)
	}
	if p.of.SHA256 != "" && at == p.of.Bytes {
		return true, nil
	}
	req, err := c.request(ctx, http.MethodGet, path, true, nil)
	if err != nil {
		return false, err
	}
	if at > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(at, 10)+"-")
		req.Header.Set("If-Range", `"`+string(p.of.SHA256)+`"`)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, unreachable(c.profile.URL, err)
	}
	defer resp.Body.Close()
	total, err := c.size(resp)
	if err != nil {
		return false, err
	}
	hash := ledger.Digest(strings.Trim(resp.Header.Get("ETag"), `"`))
	if want != "" && hash != want {
		return false, words.Errorf("节点发送的不是账本所记的内容（SHA-256 %s，账本为 %s）：未予接收，请告知节点管理员",
			"the node sends what the ledger does not record (SHA-256 %s, recorded %s): nothing was taken; report this to the node's operator", hash, want)
	}
	if resp.StatusCode == http.StatusOK && at > 0 {
		at, p.fresh = 0, true
		err = p.drop()
	}
	if err = errors.Join(err, p.begin(hash, total, ledger.ID(resp.Header.Get("Cadastre-Receipt")))); err != nil {
		return false, words.Errorf("记录已收到的部分：%v", "store what was received: %v", err)
	}
	n, err := io.Copy(p, &progressReader{resp.Body, ctx.Err, at, total, progress})
	if at+n == total && err == nil {
		return true, nil
	}
	if local := (*fs.PathError)(nil); errors.As(err, &local) {
		return false, words.Errorf("写入已收到的部分：%v", "write part: %v", err)
	}
	return false, errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy),
		words.Errorf("在 %d 字节处中断（共 %d 字节），再次运行同一命令即可继续：%v", "interrupted after %d of %d bytes: run the same command to resume: %v", at+n, total, err))
}

// size returns the size of the whole content from an answer of 200 or 206.
func (c *Client) size(resp *http.Response) (int64, error) {
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
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, unreachable(c.profile.URL, err)
	}
	return 0, c.refused(resp, b)
}

// progressReader reports how many bytes were read, and stops at the end of the context even
// if more is buffered.
type progressReader struct {
	r        io.Reader
	ended    func() error
	at, size int64
	progress Progress
}

func (t *progressReader) Read(b []byte) (int, error) {
	if err := t.ended(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(b)
	t.at += int64(n)
	if t.progress != nil && n > 0 {
		t.progress(t.at, t.size)
	}
	return n, err
}
