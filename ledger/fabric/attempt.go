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

// attemptTimeout bounds one attempt: an orderer that elects its leader takes 5 s.
const attemptTimeout = 6 * time.Second

// sender makes one attempt at recording calls in one transaction. Round 0 has
// them endorsed by whomever the SDK chooses; any other leaves the peers of one
// organization out, each round those of another, or of none.
type sender interface {
	attempt(ctx context.Context, calls []string, round int) attempt
	forget(p *pending)
}

// attempt is how far a transaction came.
type attempt struct {
	answers []ledger.Answer // as endorsed, one a call; nil: it was not
	by      []string        // addresses of the peers that endorsed
	sent    *pending        // nil: no orderer has it, nor will
	at      commit          // where it is, if it was sent and err is nil
	err     error
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

// elsewhere lets the SDK put an endorser that can't be reached aside and ask
// another. All else is for the submission to decide.
func elsewhere() retry.Opts {
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
	o := &ordering{commits: s.commits, calls: len(calls)}
	chain := invoke.NewSelectAndEndorseHandler(invoke.NewEndorsementValidationHandler(invoke.NewSignatureValidationHandler(o)))
	request := channel.Request{ChaincodeID: s.n.cfg.Chaincode, Fcn: ledger.TxSubmit, Args: args}
	_, err := s.client.InvokeHandler(chain, request,
		channel.WithParentContext(ctx), channel.WithTimeout(fab.Execute, attemptTimeout), channel.WithRetry(elsewhere()),
		channel.WithTargetFilter(without(s.n.leftOut(round))))
	return o.end(err)
}

// without accepts the peers of all organizations but one.
type without string

// Accept implements fab.TargetFilter.
func (w without) Accept(p fab.Peer) bool { return p.MSPID() != string(w) }

// leftOut is the organization that does not endorse in a round: ours last, and in
// each round after that none.
func (n *network) leftOut(round int) string {
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

// ordering is the last link of the chain: it sends what was endorsed to an
// orderer and waits for the block, unless nothing in it is new. It keeps what it
// saw, which the client drops when time is over.
type ordering struct {
	commits *commits
	calls   int

	mu   sync.Mutex
	over bool // nobody waits any more: nothing may be sent
	out  attempt
}

// Handle implements invoke.Handler.
func (o *ordering) Handle(r *invoke.RequestContext, c *invoke.ClientContext) {
	answers, err := decodeAnswers(r.Response.Payload, o.calls)
	if err != nil {
		r.Error = err
		return
	}
	p := o.begin(answers, r.Response)
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
		o.committed(p, at)
		if at.code != peer.TxValidationCode_VALID {
			r.Error = status.New(status.EventServerStatus, int32(at.code), "in block, and invalid", nil)
		}
	case <-r.Ctx.Done():
		r.Error = status.New(status.ClientStatus, status.Timeout.ToInt32(), "no block has it yet", nil)
	}
}

// begin notes what was endorsed, and that it is sent if anything is new.
func (o *ordering) begin(answers []ledger.Answer, r invoke.Response) *pending {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return nil
	}
	o.out.answers, o.out.by = answers, nil
	for _, p := range r.Responses {
		o.out.by = append(o.out.by, p.Endorser)
	}
	for _, a := range answers {
		if a.Record != nil && !a.Repeated {
			o.out.sent = o.commits.expect(string(r.TransactionID))
			return o.out.sent
		}
	}
	return nil
}

// committed notes the verdict on what was sent. Where nobody waits any more it is
// put back, for whoever took the attempt as not heard of.
func (o *ordering) committed(p *pending, at commit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		p.verdict <- at
		return
	}
	o.out.at = at
}

// end is what was seen until now; nothing is sent from now on.
func (o *ordering) end(err error) attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
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
