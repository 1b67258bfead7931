package fabric

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// startError returns err with the name of the setting that causes an error at the
// start.
func (n *network) startError(err error) error {
	if explained := n.settingError(err); !errors.Is(explained, ledger.Unavailable) {
		return explained
	}
	return fmt.Errorf("no peer of the profile's channels.%s.peers answers: check their urls and certificates, and that they run: %w", n.cfg.Channel, err)
}

// settingError returns an error that names the wrong setting and is not
// Unavailable, if waiting cannot help. Otherwise it returns err.
func (n *network) settingError(err error) error {
	text := err.Error()
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(text, p) })
	}
	c := n.cfg
	switch e := ledger.AsError(err); {
	case e != nil && e.Reason == ledger.ReasonClock:
		return fmt.Errorf("this machine's clock and a peer's differ by more than five minutes: correct the clock, then start again (%s)", text)
	case has("chaincode "+c.Chaincode+" not found", "chaincode "+c.Chaincode+" is not defined", "could not find chaincode with name"):
		return fmt.Errorf("the channel %s has no chaincode %s: set the chaincode to the name under which it is committed (%s)", c.Channel, c.Chaincode, text)
	case has("channel '"+c.Channel+"' not found", "channel "+c.Channel+" not found"):
		return fmt.Errorf("the peers do not know the channel %s: set the channel to one that they have joined (%s)", c.Channel, text)
	case has("access denied", "creator"):
		return fmt.Errorf("the channel %s does not accept user %s of organization %s (%s): check mspid and cryptoPath of organizations.%s in the profile (%s)",
			c.Channel, c.User, c.Organization, n.channel.Identifier().MSPID, c.Organization, text)
	}
	return err
}
