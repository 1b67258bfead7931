package objects

import (
	"context"
	"net"
	"time"
)

// stalling dials connections that fail when no byte was read or written for stallTime.
func stalling(d *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return stallConn{c, stallTime}, nil
	}
}

type stallConn struct {
	net.Conn
	patience time.Duration
}

func (c stallConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(c.limit()); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write extends the read deadline too: in net/http a read has been waiting since before the
// request began.
func (c stallConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(c.limit()); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c stallConn) limit() time.Time {
	return time.Now().Add(c.patience) //nolint:forbidigo // the kernel's clock decides about connections
}
