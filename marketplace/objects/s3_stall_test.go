package objects

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// TestStall checks that silence ends a connection and that traffic does not.
func TestStall(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := stallConn{near, time.Second}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read from a silent store: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write to a store that takes nothing: %v", err)
	}
	if err := far.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// A read that waits goes on as long as something is written.
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	for range 5 {
		go func() { _, _ = c.Write([]byte("x")) }()
		if _, err := far.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		<-time.NewTimer(300 * time.Millisecond).C
	}
	if _, err := far.Write([]byte("y")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("the answer to what was long written: %v", err)
	}
}
