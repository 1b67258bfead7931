package registry_test

import (
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// TestRecentIsBounded: the newest submissions are remembered, so many bytes of them.
func TestRecentIsBounded(t *testing.T) {
	var r registry.Recent
	const size = 1 << 20
	value := append([]byte(`{"resource":{"domain":"`), make([]byte, size)...)
	for i := range value[23:] {
		value[23+i] = 'x'
	}
	value = append(value, `"}}`...)
	most := registry.MaxRecent / len(value)
	for i := range 2 * most {
		r.Add(ledger.Digest(fmt.Sprint(i)), value)
		r.Add(ledger.Digest(fmt.Sprint(i)), value) // the same again counts once
	}
	for i := range 2 * most {
		if known, err := r.Known(ledger.Digest(fmt.Sprint(i))); err != nil || known != (i >= most) {
			t.Errorf("submission %d of %d: %v, %v", i, 2*most, known, err)
		}
	}
}
