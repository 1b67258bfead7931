package ports_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/ports"
)

func TestReserve(t *testing.T) {
	end := 32768
	if data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil && !strings.HasPrefix(string(data), "32768") {
		t.Skip("this machine takes ports for outgoing connections from a range of its own")
	}
	found, err := ports.Reserve(t.Context(), 40)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range found {
		if p.Number < 10000 || p.Number >= end || seen[p.Number] {
			t.Errorf("port %d: twice, or out of the range", p.Number)
		}
		seen[p.Number] = true
		if l, err := net.Listen("tcp", p.Address()); err == nil {
			l.Close()
			t.Errorf("%s is not held", p.Address())
		}
	}
	for _, p := range found {
		p.Release()
		p.Release() // once more does nothing
		l, err := net.Listen("tcp", p.Address())
		if err != nil {
			t.Errorf("released: %v", err)
			continue
		}
		l.Close()
	}
	if len(seen) != 40 {
		t.Errorf("%d ports, want 40", len(seen))
	}
}
