package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// uploadsPath is where uploads in pieces begin, by the protocol tus 1.0.
const uploadsPath = "/v1/uploads/tus"

// Upload streams r to the node with one request, which can't be resumed, and returns what
// the node stored.
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

// StoppedError reports an upload that did not become whole.
type StoppedError struct {
	File    string
	Arrived int64 // bytes that the node has stored; negative if it did not say
	Bytes   int64
	Command string // what resumes it; empty: "the same command"
	note    error  // why it can't be resumed
	cause   error  // nil if the user stopped it
}

// Error returns the text in English.
func (e *StoppedError) Error() string { return e.In("en", error.Error) }

// Unwrap returns the cause, or Unavailable: the command can be run again.
func (e *StoppedError) Unwrap() error {
	if e.cause == nil {
		return ledger.Unavailable
	}
	return e.cause
}

// In returns how much has arrived, why it stopped, and how it continues.
func (e *StoppedError) In(lang string, render func(error) string) string {
	w := func(zh, en string) string { return words.Of(lang, ledger.Words{ZH: zh, EN: en}) }
	s := w("上传已中断", "The upload stopped")
	if e.Arrived >= 0 {
		s += w("：节点已存入 ", ": the node has stored ") + strconv.FormatInt(e.Arrived, 10) + w(" 字节，共 ", " of ") +
			strconv.FormatInt(e.Bytes, 10) + w(" 字节", " bytes")
	}
	s += w("。", ". ")
	if e.cause != nil {
		s += strings.TrimSuffix(render(e.cause), w("。", ".")) + w("。", ". ")
	}
	if e.note != nil {
		return s + w("无法续传，因为不能写入 ", "It can't be resumed, because this can't be written: ") + render(e.note)
	}
	command := e.Command
	if command == "" {
		command = w("同一命令", "the same command")
	}
	return s + w("再次运行即从该处继续：", "To continue there, run: ") + command
}

// note is what FILE.upload says of an upload: which one it is, and of what.
type note struct {
	Node   string        `json:"node"` // its origin
	Party  ledger.ID     `json:"party"`
	Upload string        `json:"upload"` // its id
	SHA256 ledger.Digest `json:"sha256"`
	Bytes  int64         `json:"bytes"`
}

// NoteOf returns the name of the file that says where the upload of a file continues.
// Remove it when the content is recorded.
func NoteOf(file string) string { return file + ".upload" }

// sending is an upload of a file.
type sending struct {
	*Client
	file     string
	note     note
	unnoted  error // why the note could not be written
	progress Progress
}

// UploadFile uploads a file with this hash and size in pieces. It continues what an
// earlier upload of the same content by this party left, as FILE.upload says, and asks
// again when the connection breaks. If it stops, it returns a StoppedError. progress may be
// nil.
func (c *Client) UploadFile(ctx context.Context, file string, hash ledger.Digest, size int64, progress Progress) (wire.Ingested, error) {
	f, err := os.Open(file)
	if err != nil {
		return wire.Ingested{}, words.Errorf("读取：%v", "read: %v", err)
	}
	defer f.Close()
	s := &sending{Client: c, file: file, progress: progress}
	s.note = note{Node: c.profile.Origin, Party: c.profile.Party, SHA256: hash, Bytes: size}
	at, err := s.resume(ctx)
	if err != nil {
		return wire.Ingested{}, err
	}
	if at, err = s.send(ctx, f, at); err == nil {
		var done wire.Ingested
		if done, err = s.done(ctx); err == nil {
			return done, nil
		}
	}
	return wire.Ingested{}, s.stopped(ctx, at, err)
}

// resume finds the upload that the note names, or begins one, and returns how much of it
// has arrived.
func (s *sending) resume(ctx context.Context) (int64, error) {
	old, err := readNote(NoteOf(s.file))
	if err != nil {
		return 0, err
	}
	if old.Upload != "" && old.Node == s.note.Node && old.Party == s.note.Party {
		var p wire.Pending
		switch err := s.Get(ctx, path.Join(uploadsPath, old.Upload), &p); {
		case errors.Is(err, ledger.NotFound): // swept, or content names it
		case err != nil:
			return 0, err
		case old.SHA256 == s.note.SHA256 && p.Bytes == s.note.Bytes:
			s.note.Upload = old.Upload
			return p.Arrived, nil
		default: // of other content: it would count until it is swept
			if err := s.cancel(ctx, old.Upload); err != nil {
				return 0, err
			}
		}
	}
	return 0, s.begin(ctx)
}

func readNote(name string) (note, error) {
	var n note
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, words.Errorf("读取：%v", "read: %v", err)
	}
	if json.Unmarshal(b, &n) != nil {
		return n, words.Errorf("%s 不是本程序所写：请移走该文件", "%s was not written by this program: move it away", name)
	}
	return n, nil
}

// begin makes a new upload and writes its note.
func (s *sending) begin(ctx context.Context) error {
	answer, err := s.tus(ctx, http.MethodPost, uploadsPath, nil, map[string]string{"Upload-Length": strconv.FormatInt(s.note.Bytes, 10)})
	if err != nil {
		return err
	}
	s.note.Upload = path.Base(answer.Get("Location"))
	b, err := json.Marshal(s.note)
	if err == nil {
		err = durable.WriteFile(NoteOf(s.file), append(b, '\n'))
	}
	s.unnoted = err
	return nil
}

// CancelUpload deletes an upload of the party that no content record names, whole or not.
// It returns NotFound if there is no such upload.
func (c *Client) CancelUpload(ctx context.Context, upload string) error {
	_, err := (&sending{Client: c}).tus(ctx, http.MethodDelete, path.Join(uploadsPath, url.PathEscape(upload)), nil, nil)
	return err
}

func (s *sending) cancel(ctx context.Context, upload string) error {
	err := s.CancelUpload(ctx, upload)
	if errors.Is(err, ledger.NotFound) {
		return nil
	}
	return err
}

// send sends the bytes from at on, until all have arrived, the user stops it, or several
// requests in a row bring nothing further. It returns how many have arrived.
func (s *sending) send(ctx context.Context, f *os.File, at int64) (int64, error) {
	for try := 1; at < s.note.Bytes; try++ {
		before := at
		answer, err := s.patch(ctx, f, at)
		if err == nil {
			at, err = offsetOf(answer)
		} else if ctx.Err() == nil {
			err = errors.Join(err, s.ask(ctx, &at))
		}
		if at > before {
			try = 1
		}
		if err != nil && (ctx.Err() != nil || refusedForGood(err) || try == maxTries) {
			return at, err
		}
		if err == nil {
			continue
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond): //nolint:forbidigo // a delay, not the time of day
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
	return at, nil
}

// refusedForGood reports whether asking again does not help.
func refusedForGood(err error) bool {
	return ledger.AsError(err) != nil && !errors.Is(err, ledger.Unavailable) && !errors.Is(err, ledger.Conflict)
}

func (s *sending) patch(ctx context.Context, f *os.File, at int64) (http.Header, error) {
	return s.tus(ctx, http.MethodPatch, path.Join(uploadsPath, s.note.Upload), &piece{f, at, s.note.Bytes - at},
		map[string]string{"Upload-Offset": strconv.FormatInt(at, 10), "Content-Type": "application/offset+octet-stream"})
}

// piece is a part of a file that a request sends.
type piece struct {
	file       *os.File
	at, length int64
}

// ask asks how much has arrived. The node first ends a request that still brings bytes.
func (s *sending) ask(ctx context.Context, at *int64) error {
	answer, err := s.tus(ctx, http.MethodHead, path.Join(uploadsPath, s.note.Upload), nil, nil)
	if err == nil {
		var n int64
		if n, err = offsetOf(answer); err == nil {
			*at = n
		}
	}
	return err
}

func offsetOf(answer http.Header) (int64, error) {
	n, err := strconv.ParseInt(answer.Get("Upload-Offset"), 10, 64)
	if err != nil || n < 0 {
		return 0, words.Errorf("节点未答复已存入多少字节", "the node does not say how many bytes it has stored")
	}
	return n, nil
}

// done returns what the node stored.
func (s *sending) done(ctx context.Context) (wire.Ingested, error) {
	var p wire.Pending
	if err := s.Get(ctx, path.Join(uploadsPath, s.note.Upload), &p); err != nil {
		return wire.Ingested{}, err
	}
	if p.Done == nil {
		return wire.Ingested{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
	return *p.Done, nil
}

// stopped explains why the upload is not whole. When the user has stopped it, it asks the
// node how much has arrived, for three seconds.
func (s *sending) stopped(ctx context.Context, at int64, err error) error {
	e := &StoppedError{File: s.file, Arrived: at, Bytes: s.note.Bytes, note: s.unnoted, cause: err}
	if ctx.Err() == nil {
		return e
	}
	e.cause, e.Arrived = nil, -1
	ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if s.ask(ask, &at) == nil {
		e.Arrived = at
	}
	return e
}

// tus sends a request of the protocol with a fresh token and returns the header of the
// answer. An answer above 299 is an error.
func (s *sending) tus(ctx context.Context, method, path string, body *piece, headers map[string]string) (http.Header, error) {
	req, err := s.request(ctx, method, path, true, nil)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			section := io.NewSectionReader(body.file, body.at, body.length)
			return io.NopCloser(&progressReader{r: section, ended: ctx.Err, at: body.at, size: body.at + body.length, progress: s.progress}), nil
		}
		req.Body, _ = req.GetBody()
		req.ContentLength = body.length
		req.Header.Set("Expect", "100-continue") // a refusal arrives before the bytes are sent
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, unreachable(s.profile.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, unreachable(s.profile.URL, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, s.refused(resp, b)
	}
	return resp.Header, nil
}
