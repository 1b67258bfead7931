package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// maxAnswer is the largest answer that is read, except content, in bytes.
const maxAnswer = 64 << 20

// expiry is how long a signed call may be recorded.
const expiry = ledger.Millis(time.Hour / time.Millisecond)

// Client acts for one profile. A client without a key can only read public records.
type Client struct {
	profile  Profile
	key      *ledger.Key
	http     *http.Client
	waiting  *waiting // the transport of http
	language string
	now      func() time.Time
}

// New makes a client. language is the language of the node's answers, "zh" or "en".
func New(p Profile, language string, now func() time.Time) (*Client, error) {
	waiting := &waiting{next: transport(), now: now}
	c := &Client{profile: p, language: language, now: now, waiting: waiting, http: &http.Client{Transport: waiting, CheckRedirect: noRedirect}}
	c.profile.URL = strings.TrimRight(p.URL, "/")
	if u, err := url.Parse(c.profile.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, words.Errorf("%q 不是节点的地址，应如 http://127.0.0.1:8480", "%q is not the address of a node: give one such as http://127.0.0.1:8480", p.URL)
	}
	if p.Key == "" {
		return c, nil
	}
	var err error
	c.key, err = p.Signer()
	return c, err
}

// noRedirect follows no redirection: a token is sent only to an address that is known to
// be the node's (see At), and net/http would also send it to another port or over plain
// HTTP.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func transport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Transport{}
	}
	t = t.Clone()
	t.ResponseHeaderTimeout = time.Minute
	t.ReadBufferSize = 256 << 10
	t.MaxIdleConnsPerHost = importers
	return t
}

// Profile returns the profile that the client acts for.
func (c *Client) Profile() Profile { return c.profile }

// NewID returns a new UUID of version 7.
func NewID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7()).String()) }

// Token makes a token for this node that expires after age.
func (c *Client) Token(age time.Duration) (string, error) {
	if c.key == nil {
		return "", words.Errorf("此操作需要含密钥的身份文件：请用 --profile 指定", "this needs a profile with a key: name one with --profile")
	}
	return auth.New(c.key, c.profile.Party, NewID(), c.profile.Origin, c.now(), age)
}

// Outcome is the node's answer to a call.
type Outcome struct {
	ledger.Outcome
	Call ledger.ID `json:"call"`
}

// Call signs args as a call with a new id and sends it. While the outcome is unknown, it
// sends the same call again, for about six seconds or until ctx ends. If no connection can
// be made for the first attempt, it returns at once, see NotSent.
func (c *Client) Call(ctx context.Context, fn ledger.Function, args any) (Outcome, error) {
	return c.CallAs(ctx, NewID(), fn, args)
}

// CallAs is Call with the given id, so that the caller can repeat the call.
func (c *Client) CallAs(ctx context.Context, id ledger.ID, fn ledger.Function, args any) (Outcome, error) {
	jws, err := c.Sign(id, fn, args)
	if err != nil {
		return Outcome{}, err
	}
	return c.Submit(ctx, jws)
}

// Sign signs a call without sending it.
func (c *Client) Sign(id ledger.ID, fn ledger.Function, args any) (string, error) {
	if c.key == nil {
		return "", words.Errorf("此操作需要含密钥的身份文件：请用 --profile 指定", "this needs a profile with a key: name one with --profile")
	}
	now := ledger.Millis(c.now().UnixMilli())
	return ledger.SignCall(c.key, ledger.Call{
		Ledger: c.profile.Ledger, ID: id, Party: c.profile.Party, Function: fn,
		Time: now, Expires: now + expiry,
	}, args)
}

// Submit sends a signed call, and sends it again while its outcome is unknown. A later
// attempt that can't be sent does not settle the outcome of an earlier one.
func (c *Client) Submit(ctx context.Context, jws string) (Outcome, error) {
	signed, err := ledger.ParseCall(jws)
	if err != nil {
		return Outcome{}, err
	}
	var open error // of the last attempt whose outcome is unknown
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		out := Outcome{Call: signed.Call.ID}
		err := c.do(ctx, http.MethodPost, "/v1/calls", false, map[string]string{"call": jws}, &out.Outcome)
		if NotSent(err) && open != nil {
			err = open
		}
		if err == nil || !errors.Is(err, ledger.Unavailable) || NotSent(err) || isLimited(err) || wait > 5*time.Second {
			return out, err
		}
		open = err
		select {
		case <-time.After(wait): //nolint:forbidigo // a delay, not the time of day
		case <-ctx.Done():
			return out, err
		}
	}
}

// Get reads a JSON answer. A client with a key sends a token.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, c.key != nil, nil, into)
}

// rawAnswer is an answer that is not decoded.
type rawAnswer struct {
	body   []byte
	header http.Header
}

func (c *Client) do(ctx context.Context, method, path string, token bool, body, into any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return words.Errorf("编写请求：%v", "encode request: %v", err)
		}
		r = bytes.NewReader(b)
	}
	req, err := c.request(ctx, method, path, token, r)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return unreachable(c.profile.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unreachable(c.profile.URL, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return c.refused(resp, b)
	}
	switch into := into.(type) {
	case *[]byte:
		*into = b
		return nil
	case *rawAnswer:
		into.body, into.header = b, resp.Header
		return nil
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return words.Errorf("%s 的答复不是本程序所知的形式：%v", "this program does not understand the answer of %s: %v", path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, token bool, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.profile.URL+path, body)
	if err != nil {
		return nil, words.Errorf("编写请求：%v", "make request: %v", err)
	}
	req.Header.Set("Accept-Language", c.language)
	if token {
		t, err := c.Token(5 * time.Minute)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+t)
	}
	return req, nil
}
