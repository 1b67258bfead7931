package fabric

import (
	"errors"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// explain names the setting that an error at the beginning comes from, where
// one can be told.
func (n *network) explain(err error) error {
	text := err.Error()
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	c := n.cfg
	switch e := ledger.AsError(err); {
	case e != nil && e.Reason == ledger.ReasonClock:
		return fmt.Errorf("this machine's clock and a peer's differ by more than five minutes: set the clock right, then start again: %w", err)
	case has("chaincode "+c.Chaincode+" not found", "chaincode "+c.Chaincode+" is not defined", "cannot retrieve package for chaincode", "could not find chaincode with name"):
		return fmt.Errorf("the channel %s has no chaincode %s: set the chaincode to the name under which it is committed: %w", c.Channel, c.Chaincode, err)
	case has("channel '"+c.Channel+"' not found", "channel "+c.Channel+" not found"):
		return fmt.Errorf("the peers know no channel %s: set the channel to one that they have joined: %w", c.Channel, err)
	case has("access denied", "creator"):
		return fmt.Errorf("the channel %s does not accept user %s of organization %s (%s): check mspid and cryptoPath of organizations.%s in the profile: %w",
			c.Channel, c.User, c.Organization, n.channel.Identifier().MSPID, c.Organization, err)
	case errors.Is(err, ledger.Unavailable):
		return fmt.Errorf("no peer of the profile's channels.%s.peers answers: check their urls and certificates, and that they run: %w", c.Channel, err)
	}
	return err
}
