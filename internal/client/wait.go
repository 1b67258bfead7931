package client

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// maxWait is how long one request waits in all because the node answers 429.
const maxWait = 2 * time.Minute

// minWait is the shortest wait, also if the node asks for less.
const minWait = 100 * time.Millisecond

// waiting sends a request again after the time that the node asks to wait (429 with
// Retry-After, RFC 6585 §4). The node has not begun to work on such a request, so its token
// is not used up. It returns the answer 429 if the time is not given, if it is beyond the
// deadline of the request or maxWait, or if the body can't be sent again.
type waiting struct {
	next http.RoundTripper
	now  func() time.Time
	say  func(time.Duration) // called before each wait; may be nil
}

// RoundTrip sends a request until the answer is not 429.
func (t *waiting) RoundTrip(r *http.Request) (*http.Response, error) {
	for waited := time.Duration(0); ; {
		resp, err := t.next.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests {
			return resp, err
		}
		wait, ok := t.retryAfter(resp.Header.Get("Retry-After"))
		wait = max(wait, minWait)
		waited += wait
		if !ok || waited > maxWait || r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
			return resp, nil
		}
		if deadline, ok := r.Context().Deadline(); ok && t.now().Add(wait).After(deadline) {
			return resp, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // lets the connection be used again
		_ = resp.Body.Close()
		if t.say != nil {
			t.say(wait)
		}
		select {
		case <-time.After(wait): //nolint:forbidigo // a delay, not the time of day
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		if r, err = again(r); err != nil {
			return nil, err
		}
	}
}

// again returns the request with its body from the beginning.
func again(r *http.Request) (*http.Request, error) {
	if r.GetBody == nil {
		return r, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = body
	return r, nil
}

// retryAfter parses the seconds or the date of a Retry-After header (RFC 9110 §10.2.3).
func (t *waiting) retryAfter(header string) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(t.now())), true
}

// OnWait sets what is called before the client waits because the node asked for it.
func (c *Client) OnWait(say func(time.Duration)) { c.waiting.say = say }

// isLimited reports whether a rate of the node refused a request. The client has waited for
// it already.
func isLimited(err error) bool {
	e := ledger.AsError(err)
	return e != nil && e.Reason == ledger.ReasonRate
}
