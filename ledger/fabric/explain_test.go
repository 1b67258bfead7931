package fabric

import (
	"errors"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestExplained names the setting behind an error at the beginning, and leaves
// what may pass as it is.
func TestExplained(t *testing.T) {
	n := &network{cfg: Config{Channel: "cadastre", Chaincode: "register", Organization: "bureau", User: "User1"}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{ledger.Refuse(ledger.Unavailable, ledger.ReasonClock), "correct the clock"},
		{unavailable(errors.New("make sure the chaincode register has been successfully defined: chaincode register not found")), "set the chaincode to the name"},
		{unavailable(errors.New("channel 'cadastre' not found")), "set the channel to one"},
	} {
		if got := n.settingError(c.err); !strings.Contains(got.Error(), c.want) || errors.Is(got, ledger.Unavailable) {
			t.Errorf("%v became %v, want %q", c.err, got, c.want)
		}
	}
	away := unavailable(errTest)
	if got := n.settingError(away); !errors.Is(got, ledger.Unavailable) {
		t.Errorf("what may pass became %v", got)
	}
	if got := n.startError(away); !strings.Contains(got.Error(), "channels.cadastre.peers") || !errors.Is(got, errTest) {
		t.Errorf("got %v", got)
	}
}
