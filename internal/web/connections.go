package web

import (
	"net"
	"net/http"
	"runtime/debug"
	"sync"
)

// onOwnStack answers each request of HTTP/1.1 on a goroutine that ends with it. The stack of
// a goroutine grows with the depth of its calls and shrinks only when garbage is collected,
// half at a time. Without this a connection that asked once and stays open has the stack of
// that request, instead of 8 KiB. Each stream of HTTP/2 has a goroutine already.
func onOwnStack(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			next.ServeHTTP(w, r)
			return
		}
		end := make(chan any, 1)
		go func() {
			defer func() { end <- recover() }()
			next.ServeHTTP(w, r)
		}()
		if v := <-end; v != nil {
			panic(v)
		}
	})
}

// With more than crowded connections garbage may take crowdPercent of the memory in use
// instead of as much again, until there are half as many. An idle connection has 18 KiB of
// buffers and stack, which are no reason to let more garbage wait: with 10,000 of them a
// quarter is about as much garbage as a node without connections lets wait.
const (
	crowded      = 4096
	crowdPercent = 25
)

// crowd counts the open connections of a server, and sets the share of garbage.
type crowd struct {
	limit   int
	percent func(int) int // sets the share of garbage and returns the one before

	mu     sync.Mutex
	open   int
	before int // the share before it was lowered
	low    bool
}

func newCrowd() *crowd { return &crowd{limit: crowded, percent: debug.SetGCPercent} }

// count receives each new state of a connection.
func (c *crowd) count(_ net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open++
	case http.StateClosed, http.StateHijacked:
		c.open--
	case http.StateActive, http.StateIdle:
		return
	}
	switch {
	case !c.low && c.open > c.limit:
		c.low, c.before = true, c.percent(crowdPercent)
		if c.before < crowdPercent { // the operator wants less, or to collect nothing
			c.percent(c.before)
		}
	case c.low && c.open <= c.limit/2:
		c.low = false
		c.percent(c.before)
	}
}
