package fabric

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/common/verifier"
	sdkcontext "github.com/hyperledger/fabric-sdk-go/pkg/common/providers/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	reqcontext "github.com/hyperledger/fabric-sdk-go/pkg/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/config"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/txn"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// network is a connection of the SDK with the peers of the profile.
type network struct {
	cfg     Config
	sdk     *fabsdk.FabricSDK
	channel sdkcontext.Channel
	peers   []*endorser // those of our organization first
}

// connect reads the profile and creates what it describes. It does not contact any
// peer.
func connect(cfg Config) (*network, error) {
	sdk, err := fabsdk.New(config.FromRaw(cfg.Profile, "yaml"), fabsdk.WithEndpointConfig(timeouts{}))
	if err != nil {
		return nil, fmt.Errorf("the profile can't be used: %w", err)
	}
	n := &network{cfg: cfg, sdk: sdk}
	if err := n.join(); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// provider returns a provider of contexts for our user on the channel.
func (n *network) provider() sdkcontext.ChannelProvider {
	return n.sdk.ChannelContext(n.cfg.Channel, fabsdk.WithUser(n.cfg.User), fabsdk.WithOrg(n.cfg.Organization))
}

func (n *network) join() error {
	client, err := n.sdk.Context(fabsdk.WithUser(n.cfg.User), fabsdk.WithOrg(n.cfg.Organization))()
	if err != nil {
		return fmt.Errorf("user %s of organization %s has no key and certificate where the profile looks (organizations.%s.cryptoPath): %w",
			n.cfg.User, n.cfg.Organization, n.cfg.Organization, err)
	}
	if err := n.checkProfile(client.EndpointConfig().NetworkConfig()); err != nil {
		return err
	}
	if err := n.checkCertificate(client.EnrollmentCertificate()); err != nil {
		return err
	}
	if n.channel, err = n.provider()(); err != nil {
		return fmt.Errorf("channel %s: %w", n.cfg.Channel, err)
	}
	for _, p := range client.EndpointConfig().ChannelPeers(n.cfg.Channel) {
		made, err := client.InfraProvider().CreatePeerFromConfig(&p.NetworkPeer)
		if err != nil {
			return fmt.Errorf("peer at %s: %w", p.URL, err)
		}
		n.peers = append(n.peers, &endorser{Peer: made})
	}
	slices.SortStableFunc(n.peers, func(a, b *endorser) int { return n.distance(a) - n.distance(b) })
	if len(n.peers) == 0 || n.distance(n.peers[0]) > 0 {
		return fmt.Errorf("the profile's channels.%s.peers names no peer of organization %s (%s): name every peer, including its own",
			n.cfg.Channel, n.cfg.Organization, client.Identifier().MSPID)
	}
	return nil
}

// distance returns 0 for peers of our organization and 1 for others.
func (n *network) distance(e *endorser) int {
	if e.MSPID() == n.channel.Identifier().MSPID {
		return 0
	}
	return 1
}

// checkProfile checks that the profile describes all peers and orderers that it
// names for the channel. Without this check a missing description would only show
// as a peer that is never asked.
func (n *network) checkProfile(p *fab.NetworkConfig) error {
	ch, ok := p.Channels[strings.ToLower(n.cfg.Channel)]
	if !ok {
		return fmt.Errorf("the profile's channels does not name the channel %s: add it, or set the channel to one that the profile names", n.cfg.Channel)
	}
	for name := range ch.Peers {
		if _, ok := p.Peers[strings.ToLower(name)]; !ok {
			return fmt.Errorf("the profile's channels.%s.peers names %s, which its peers does not describe", n.cfg.Channel, name)
		}
	}
	for _, name := range ch.Orderers {
		if _, ok := p.Orderers[strings.ToLower(name)]; !ok {
			return fmt.Errorf("the profile's channels.%s.orderers names %s, which its orderers does not describe", n.cfg.Channel, name)
		}
	}
	if len(ch.Orderers) == 0 {
		return fmt.Errorf("the profile's channels.%s.orderers is empty: name every orderer", n.cfg.Channel)
	}
	return nil
}

func (n *network) checkCertificate(text []byte) error {
	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("the certificate of user %s of organization %s is not in PEM", n.cfg.User, n.cfg.Organization)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("the certificate of user %s of organization %s: %w", n.cfg.User, n.cfg.Organization, err)
	}
	if now := n.cfg.Now(); now.After(c.NotAfter) || now.Before(c.NotBefore) {
		return fmt.Errorf("the certificate of user %s of organization %s is valid from %s to %s, and it is %s: enroll the user again, or correct the clock",
			n.cfg.User, n.cfg.Organization, c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

func (n *network) close() { n.sdk.Close() }

// question is a proposal that is only evaluated, never recorded. It can go to
// several peers, whose answers should be equal.
type question struct {
	n        *network
	proposal *fab.TransactionProposal
}

// answer is the signed answer of a peer.
type answer struct {
	from     *endorser
	response *peer.ProposalResponse
	action   *peer.ChaincodeAction
}

func (a *answer) payload() []byte { return a.action.GetResponse().GetPayload() }

// propose creates a question for a function of a chaincode.
func (n *network) propose(chaincode, fn string, args ...string) (*question, error) {
	header, err := txn.NewHeader(n.channel, n.cfg.Channel)
	if err != nil {
		return nil, fmt.Errorf("make proposal: %w", err)
	}
	raw := make([][]byte, len(args))
	for i, a := range args {
		raw[i] = []byte(a)
	}
	p, err := txn.CreateChaincodeInvokeProposal(header, fab.ChaincodeInvokeRequest{ChaincodeID: chaincode, Fcn: fn, Args: raw})
	if err != nil {
		return nil, fmt.Errorf("make proposal: %w", err)
	}
	return &question{n: n, proposal: p}, nil
}

// ask sends the question to one peer. A refusal by the chaincode is a
// *ledger.Error; any other error means that the peer cannot be reached or has an
// invalid certificate.
func (q *question) ask(ctx context.Context, e *endorser) (*answer, error) {
	in, cancel := reqcontext.NewRequest(q.n.channel, reqcontext.WithTimeoutType(fab.Query), reqcontext.WithParent(ctx))
	defer cancel()
	responses, err := txn.SendProposal(in, q.proposal, []fab.ProposalProcessor{e.Peer})
	if err != nil {
		if refused := refusal(err); refused != nil {
			return nil, refused
		}
		e.markFailed(q.n.cfg.Now())
		return nil, fmt.Errorf("peer %s: %w", e.URL(), err)
	}
	membership, err := q.n.channel.ChannelService().Membership()
	if err != nil {
		return nil, fmt.Errorf("members of channel %s: %w", q.n.cfg.Channel, err)
	}
	if err := (&verifier.Signature{Membership: membership}).Verify(responses[0]); err != nil {
		return nil, fmt.Errorf("peer %s: %w", e.URL(), err)
	}
	a := &answer{from: e, response: responses[0].ProposalResponse}
	var payload peer.ProposalResponsePayload
	a.action = &peer.ChaincodeAction{}
	if err := errors.Join(decode("answer", a.response.GetPayload(), &payload), decode("action", payload.GetExtension(), a.action)); err != nil {
		return nil, fmt.Errorf("peer %s: %w", e.URL(), err)
	}
	return a, nil
}

// first returns the answer of the first peer that gives one. It asks peers of the
// node's organization first and peers that failed recently last, and it asks a peer
// only if ready returns nil for it.
func (n *network) first(ctx context.Context, ready func(context.Context, *endorser) error, chaincode, fn string, args ...string) (*answer, error) {
	q, err := n.propose(chaincode, fn, args...)
	if err != nil {
		return nil, err
	}
	return firstOf(ctx, n.byHealth(), func(ctx context.Context, e *endorser) (*answer, error) {
		if err := ready(ctx, e); err != nil {
			return nil, err
		}
		return q.ask(ctx, e)
	})
}

// anyState is a ready function that accepts peers with any number of blocks.
func anyState(context.Context, *endorser) error { return nil }

// byHealth returns the peers with those that failed recently at the end.
func (n *network) byHealth() []*endorser {
	now := n.cfg.Now()
	ill := func(e *endorser) int {
		if e.failedRecently(now) {
			return 1
		}
		return 0
	}
	list := slices.Clone(n.peers)
	slices.SortStableFunc(list, func(a, b *endorser) int { return ill(a) - ill(b) })
	return list
}

// decode decodes a message of Fabric, whose Go types use the older protobuf API.
func decode(what string, data []byte, m protoadapt.MessageV1) error {
	if err := proto.Unmarshal(data, protoadapt.MessageV2Of(m)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// timeouts replaces the timeouts of the profile by our own. They depend on how
// calls are submitted, not on where the peers are: answers take milliseconds on a
// LAN, and a peer that is down must be skipped within a second.
type timeouts struct{}

// Timeout implements the SDK's configuration.
func (timeouts) Timeout(t fab.TimeoutType) time.Duration {
	switch t {
	case fab.PeerConnection, fab.OrdererConnection, fab.DiscoveryConnection:
		return time.Second
	case fab.DiscoveryGreylistExpiry, fab.DiscoveryServiceRefresh, fab.SelectionServiceRefresh:
		return 2 * time.Second
	case fab.Execute:
		return attemptTimeout
	case fab.ConnectionIdle, fab.CacheSweepInterval, fab.ChannelMembershipRefresh, fab.ChannelConfigRefresh:
		return time.Minute
	case fab.EventServiceIdle:
		return 2 * time.Minute
	case fab.EventReg, fab.Query, fab.PeerResponse, fab.OrdererResponse, fab.DiscoveryResponse, fab.ResMgmt:
		return 10 * time.Second
	}
	return 10 * time.Second
}
