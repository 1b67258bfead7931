// Package ports finds free TCP ports for servers that are stopped and started again
// on the same port. The ports lie below the range that the system uses for outgoing
// connections. Otherwise a client's connection could take a server's port while the
// server is down.
package ports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// lowest is the first port above the well-known services.
const lowest = 10000

// Port is a port of 127.0.0.1 that is reserved until its server starts.
type Port struct {
	Number int
	held   net.Listener
}

// Address returns the address at which the server will listen.
func (p *Port) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)) }

// Release frees the port. The server should take it at once.
func (p *Port) Release() {
	if p.held != nil {
		_ = p.held.Close()
		p.held = nil
	}
}

// Reserve reserves n different free ports.
func Reserve(ctx context.Context, n int) ([]*Port, error) {
	end := ephemeral()
	var found []*Port
	for range 100 * n {
		if len(found) == n {
			return found, nil
		}
		p := &Port{Number: lowest + rand.IntN(end-lowest)} //nolint:gosec // any port will do
		var lc net.ListenConfig
		held, err := lc.Listen(ctx, "tcp", p.Address())
		if err != nil {
			continue
		}
		p.held = held
		found = append(found, p)
	}
	for _, p := range found {
		p.Release()
	}
	return nil, fmt.Errorf("%d free ports between %d and %d: %w", n, lowest, end, errNoPorts)
}

var errNoPorts = errors.New("not found on 127.0.0.1; end the programs that use them")

// ephemeral returns the start of the range of ports for outgoing connections: the
// setting of the system, or 32768, the default of Linux.
func ephemeral() int {
	var low int
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 32768
	}
	if _, err := fmt.Sscan(string(data), &low); err != nil || low < lowest+1000 {
		return 32768
	}
	return low
}
