// Package ports finds free TCP ports for servers that will be stopped and
// started again on the same port. Those lie below the range from which the
// system takes ports for outgoing connections: there a client's connection
// could sit on a server's port while the server is down.
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

// lowest leaves out well-known services.
const lowest = 10000

// A Port of 127.0.0.1 is held until its server starts.
type Port struct {
	Number int
	held   net.Listener
}

// Address is where the server will listen.
func (p *Port) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)) }

// Release lets go of the port; the server should take it at once.
func (p *Port) Release() {
	if p.held != nil {
		_ = p.held.Close()
		p.held = nil
	}
}

// Reserve holds n different free ports.
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
	return nil, fmt.Errorf("%d free ports between %d and %d: %w", n, lowest, end, errNone)
}

var errNone = errors.New("not found on 127.0.0.1; end what holds them")

// ephemeral is where the range of outgoing connections begins: 32768 on Linux
// unless told otherwise.
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
