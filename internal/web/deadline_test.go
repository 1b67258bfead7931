package web_test

import (
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// TestABodyThatNeverComes does not hold a connection for ever, also where nobody
// reads it: the answer to a stranger waits for its end.
func TestABodyThatNeverComes(t *testing.T) {
	edge := edge()
	edge.Hurry(100 * time.Millisecond)
	server := httptest.NewUnstartedServer(edge)
	server.Config = edge.HTTP()
	server.Start()
	t.Cleanup(server.CloseClientConnections)
	for _, request := range []string{"POST /nothing", "GET /healthz", "POST /v1/uploads"} {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = io.WriteString(c, request+" HTTP/1.1\r\nHost: node\r\nContent-Length: 10\r\n\r\n{")
		if err == nil {
			_, err = io.ReadAll(c)
		}
		if err != nil {
			t.Errorf("%s: %v", request, err)
		}
		_ = c.Close()
	}
}
