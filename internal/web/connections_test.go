package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

// useStack uses at least n KiB of stack.
func useStack(n int) byte {
	if n == 0 {
		return 1
	}
	var b [1024]byte
	b[n] = useStack(n - 1)
	return b[n-1+int(b[n])] // 1, which no compiler knows
}

// TestAnIdleConnectionHasASmallStack opens connections that ask once, for what needs 100 KiB
// of stack, and stay open.
func TestAnIdleConnectionHasASmallStack(t *testing.T) {
	server := httptest.NewServer(onOwnStack(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200 + int(useStack(100))) // 201, the stack is used
	})))
	defer server.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing else shrinks a stack
	const number = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range number {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: node\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatalf("%v, %v", resp, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (int64(after.StackInuse) - int64(before.StackInuse)) / number; each > 32<<10 {
		t.Errorf("%d KiB of stack for each connection", each>>10)
	}
}

// TestACrowdLeavesLessGarbage lowers the share of garbage with many connections, and sets
// it back; a share that is lower, or none, stays.
func TestACrowdLeavesLessGarbage(t *testing.T) {
	for _, c := range []struct {
		before int
		want   []int
	}{{100, []int{25, 100, 25}}, {10, []int{25, 10, 10, 25, 10}}, {-1, []int{25, -1, -1, 25, -1}}} {
		now, set := c.before, []int(nil)
		k := &crowd{limit: 4, percent: func(n int) int {
			set = append(set, n)
			before := now
			now = n
			return before
		}}
		come := func(state http.ConnState, n int) {
			for range n {
				k.count(nil, state)
			}
		}
		come(http.StateNew, 4)
		come(http.StateIdle, 9)
		if set != nil {
			t.Errorf("with as many as may be: %v", set)
		}
		come(http.StateNew, 3)
		come(http.StateClosed, 4)
		come(http.StateActive, 9)
		if now != min(c.before, 25) {
			t.Errorf("of %d: %d with half as many and one more", c.before, now)
		}
		come(http.StateHijacked, 1)
		if now != c.before {
			t.Errorf("of %d: %d with half as many", c.before, now)
		}
		come(http.StateNew, 3)
		if !slices.Equal(set, c.want) {
			t.Errorf("of %d: %v, want %v", c.before, set, c.want)
		}
	}
}
