package web

import (
	"context"
	"net"
	"net/http"
)

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// withConnection adds a connection to the context of its requests.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// setReset sets whether the connection of an HTTP/1.1 request ends with a TCP reset when
// it is closed. Otherwise what waits in the kernel's buffer, up to 4 MB,
// is delivered after a cut. It must be set before the write that fails, because package
// http closes the connection then. On HTTP/2 the connection has other streams, and
// package http resets only the aborted one.
func setReset(r *http.Request, reset bool) {
	if r.ProtoMajor != 1 {
		return
	}
	c := r.Context().Value(connectionKey{})
	if tls, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = tls.NetConn()
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	seconds := -1
	if reset {
		seconds = 0
	}
	_ = tcp.SetLinger(seconds) // fails only on a closed connection
}
