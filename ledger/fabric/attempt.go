package fabric

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel/invoke"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/retry"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/datacadastre/cadastre/ledger"
)

// attemptTimeout limits one attempt. An orderer that elects a leader needs 5 s.
const attemptTimeout = 6 * time.Second

// sender makes one attempt to record calls in one transaction. In round 0 the SDK
// chooses the endorsers. In every other round the peers of one organization are
// excluded: each round those of another, and in one round of each cycle those of no
// organization.
type sender interface {
	attempt(ctx context.Context, calls []string, round int) attempt
	forget(p *pending)
}

// attempt is the result of one attempt to record calls.
type attempt struct {
	answers   []ledger.Answer // as endorsed, one per call; nil: not endorsed
	endorsers []string        // addresses of the peers that endorsed
	sent      *pending        // nil: it was not sent to an orderer and never will be
	at        commit          // its position and validation code, if it was sent and err is nil
	err       error
}

// channelSender sends through the SDK's channel client.
type channelSender struct {
	n       *network
	client  *channel.Client
	commits *commits
}

func newSender(n *network, c *commits) (*channelSender, error) {
	provider := n.provider()
	client, err := channel.New(provider)
	if err != nil {
		return nil, fmt.Errorf("channel client: %w", err)
	}
	return &channelSender{n: n, client: client, commits: c}, nil
}

// tryOtherPeers makes the SDK ask another peer if an endorser cannot be reached.
// Every other failure is handled by the submission.
func tryOtherPeers() retry.Opts {
	return retry.Opts{
		Attempts: 3, InitialBackoff: 20 * time.Millisecond, MaxBackoff: 100 * time.Millisecond, BackoffFactor: 2,
		RetryableCodes: map[status.Group][]status.Code{status.EndorserClientStatus: {status.ConnectionFailed}},
	}
}

func (s *channelSender) attempt(ctx context.Context, calls []string, round int) attempt {
	args := make([][]byte, len(calls))
	for i, c := range calls {
		args[i] = []byte(c)
	}
	o := &orderingHandler{commits: s.commits, calls: len(calls)}
	chain := invoke.NewSelectAndEndorseHandler(invoke.NewEndorsementValidationHandler(invoke.NewSignatureValidationHandler(o)))
	request := channel.Request{ChaincodeID: s.n.cfg.Chaincode, Fcn: ledger.TxSubmit, Args: args}
	_, err := s.client.InvokeHandler(chain, request,
		channel.WithParentContext(ctx), channel.WithTimeout(fab.Execute, attemptTimeout), channel.WithRetry(tryOtherPeers()),
		channel.WithTargetFilter(exceptOrg(s.n.excludedOrg(round))))
	return o.finish(err)
}

// exceptOrg is a filter that accepts the peers of all organizations but one.
type exceptOrg string

// Accept implements fab.TargetFilter.
func (w exceptOrg) Accept(p fab.Peer) bool { return p.MSPID() != string(w) }

// excludedOrg returns the organization that does not endorse in a round, or "" if
// every organization may. Our own organization is excluded last.
func (n *network) excludedOrg(round int) string {
	var list []string
	for _, e := range n.peers {
		if !slices.Contains(list, e.MSPID()) {
			list = append(list, e.MSPID())
		}
	}
	if round %= len(list) + 1; round == 0 {
		return ""
	}
	return list[len(list)-round]
}

func (s *channelSender) forget(p *pending) { s.commits.forget(p) }

// orderingHandler is the last handler of the SDK's chain. If any call is new, it
// sends the endorsed transaction to an orderer and waits for the block. It stores
// what it learned, because the SDK's client drops that after a timeout.
type orderingHandler struct {
	commits *commits
	calls   int

	mu    sync.Mutex
	ended bool // the caller no longer waits, so nothing may be sent
	out   attempt
}

// Handle implements invoke.Handler.
func (o *orderingHandler) Handle(r *invoke.RequestContext, c *invoke.ClientContext) {
	answers, err := decodeAnswers(r.Response.Payload, o.calls)
	if err != nil {
		r.Error = err
		return
	}
	p := o.recordEndorsed(answers, r.Response)
	if p == nil {
		return
	}
	tx, err := c.Transactor.CreateTransaction(fab.TransactionRequest{Proposal: r.Response.Proposal, ProposalResponses: r.Response.Responses})
	if err == nil {
		_, err = c.Transactor.SendTransaction(tx)
	}
	if err != nil {
		r.Error = err
		return
	}
	select {
	case at := <-p.verdict:
		o.recordCommit(p, at)
		if at.code != peer.TxValidationCode_VALID {
			r.Error = status.New(status.EventServerStatus, int32(at.code), "in block, and invalid", nil)
		}
	case <-r.Ctx.Done():
		r.Error = status.New(status.ClientStatus, status.Timeout.ToInt32(), "no block has it yet", nil)
	}
}

// recordEndorsed stores the endorsed answers. If a call is new, it registers the
// transaction and returns it; otherwise, or after finish, it returns nil.
func (o *orderingHandler) recordEndorsed(answers []ledger.Answer, r invoke.Response) *pending {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return nil
	}
	o.out.answers, o.out.endorsers = answers, nil
	for _, p := range r.Responses {
		o.out.endorsers = append(o.out.endorsers, p.Endorser)
	}
	for _, a := range answers {
		if a.Record != nil && !a.Repeated {
			o.out.sent = o.commits.expect(string(r.TransactionID))
			return o.out.sent
		}
	}
	return nil
}

// recordCommit stores the validation result of the transaction. After finish it
// puts the result back into the channel, for the submission that has marked the
// attempt as in doubt.
func (o *orderingHandler) recordCommit(p *pending, at commit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		p.verdict <- at
		return
	}
	o.out.at = at
}

// finish returns what was learned so far. Nothing is sent after it.
func (o *orderingHandler) finish(err error) attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	a := o.out
	a.err = err
	if a.sent == nil && err == nil && a.answers == nil {
		a.err = fmt.Errorf("no answer")
	}
	return a
}

func decodeAnswers(payload []byte, calls int) ([]ledger.Answer, error) {
	var answers []ledger.Answer
	if err := json.Unmarshal(payload, &answers); err != nil {
		return nil, fmt.Errorf("answers of the chaincode: %w", err)
	}
	if len(answers) != calls {
		return nil, fmt.Errorf("%d answers of the chaincode to %d calls", len(answers), calls)
	}
	for i, a := range answers {
		if (a.Record == nil) == (a.Error == nil) {
			return nil, fmt.Errorf("answer %d of the chaincode is neither a record nor a refusal", i)
		}
	}
	return answers, nil
}
