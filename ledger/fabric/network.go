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

// network is one connection of the SDK's, with the peers of the profile.
type network struct {
	cfg     Config
	sdk     *fabsdk.FabricSDK
	channel sdkcontext.Channel
	peers   []*endorser // ours first
}

// connect reads the profile and makes what it describes. No peer is asked yet.
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

// provider makes contexts of our user on the channel.
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
		return fmt.Errorf("the profile's channels.%s.peers names no peer of organization %s (%s): name every peer, and ours among them",
			n.cfg.Channel, n.cfg.Organization, client.Identifier().MSPID)
	}
	return nil
}

// distance is 0 for peers of ours.
func (n *network) distance(e *endorser) int {
	if e.MSPID() == n.channel.Identifier().MSPID {
		return 0
	}
	return 1
}

// checkProfile holds what the profile says of the channel to what it says
// elsewhere: what is missing would show only as a peer that is never asked.
func (n *network) checkProfile(p *fab.NetworkConfig) error {
	ch, ok := p.Channels[strings.ToLower(n.cfg.Channel)]
	if !ok {
		return fmt.Errorf("the profile's channels does not name the channel %s: name it, or set the channel to one that is there", n.cfg.Channel)
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
		return fmt.Errorf("the certificate of user %s of organization %s is valid from %s to %s, and it is %s: enroll the user anew, or set the clock right",
			n.cfg.User, n.cfg.Organization, c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

func (n *network) close() { n.sdk.Close() }

// question is a proposal that is only asked: it may go to several peers, who
// answer alike.
type question struct {
	n        *network
	proposal *fab.TransactionProposal
}

// answer is what a peer signed.
type answer struct {
	from     *endorser
	response *peer.ProposalResponse
	action   *peer.ChaincodeAction
}

func (a *answer) payload() []byte { return a.action.GetResponse().GetPayload() }

// propose makes a question of a chaincode's function.
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

// ask puts the question to one peer. What the chaincode refuses is an *Error;
// any other error is the way to the peer, or a peer that is not itself.
func (q *question) ask(ctx context.Context, e *endorser) (*answer, error) {
	in, cancel := reqcontext.NewRequest(q.n.channel, reqcontext.WithTimeoutType(fab.Query), reqcontext.WithParent(ctx))
	defer cancel()
	responses, err := txn.SendProposal(in, q.proposal, []fab.ProposalProcessor{e.Peer})
	if err != nil {
		if refused := refusal(err); refused != nil {
			return nil, refused
		}
		e.fail(q.n.cfg.Now())
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

// first is the answer of the first peer that gives one: ours before others,
// those that failed just now last. ready, where given, says whether a peer's
// answer may be taken.
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

// anyState takes a peer's answer whatever blocks it has.
func anyState(context.Context, *endorser) error { return nil }

// byHealth lists those that failed just now last.
func (n *network) byHealth() []*endorser {
	now := n.cfg.Now()
	ill := func(e *endorser) int {
		if e.ill(now) {
			return 1
		}
		return 0
	}
	list := slices.Clone(n.peers)
	slices.SortStableFunc(list, func(a, b *endorser) int { return ill(a) - ill(b) })
	return list
}

// decode reads a message of Fabric's, which speaks the older Go form.
func decode(what string, data []byte, m protoadapt.MessageV1) error {
	if err := proto.Unmarshal(data, protoadapt.MessageV2Of(m)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// timeouts are ours, whatever the profile says: how long to wait is a matter of
// how a call is submitted, not of where the peers are (milliseconds on a LAN;
// a peer that is down must be passed over within a second).
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
