package fabric

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hyperledger/fabric-protos-go/common"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// prove asks all peers for the stored record of a call until enough organizations
// have signed the same answer. It asks a peer that is behind again.
func (l *Ledger) prove(ctx context.Context, jws string, record ledger.CallRecord) (proof.Proof, error) {
	call, err := ledger.ParseCall(jws)
	if err != nil {
		return proof.Proof{}, broken(err)
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	q, err := l.net.propose(l.cfg.Chaincode, ledger.TxCall, string(call.Call.Party), string(call.Call.ID))
	if err != nil {
		return proof.Proof{}, err
	}
	signed := make(chan *answer, len(l.net.peers))
	failed := make(chan error, len(l.net.peers))
	var asking sync.WaitGroup
	for _, e := range l.net.peers {
		asking.Go(func() {
			a, err := q.askUntilFound(ctx, e)
			if err != nil {
				failed <- err
			} else {
				signed <- a
			}
		})
	}
	defer asking.Wait()
	defer cancel()
	return l.collect(q, jws, record, signed, failed)
}

// askUntilFound asks one peer until it has the call or ctx ends.
func (q *question) askUntilFound(ctx context.Context, e *endorser) (*answer, error) {
	for {
		a, err := q.ask(ctx, e)
		if err == nil || !errors.Is(err, ledger.NotFound) || ctx.Err() != nil {
			return a, err
		}
		wait(ctx, pollInterval)
	}
}

// collect collects the answers until peers of enough organizations have signed the
// same one.
func (l *Ledger) collect(q *question, jws string, record ledger.CallRecord, signed <-chan *answer, failed <-chan error) (proof.Proof, error) {
	var failures []error
	byText := map[string]map[string]*answer{}
	want := max(2, l.cfg.Quorum)
	for range l.net.peers {
		select {
		case err := <-failed:
			failures = append(failures, err)
		case a := <-signed:
			var r ledger.CallRecord
			if json.Unmarshal(a.payload(), &r) != nil || r != record {
				failures = append(failures, fmt.Errorf("peer %s has another record of the call", a.from.URL()))
				continue
			}
			text := string(a.response.GetPayload())
			if byText[text] == nil {
				byText[text] = map[string]*answer{}
			}
			byText[text][a.from.MSPID()] = a
			if len(byText[text]) == want {
				return q.proof(jws, byText[text])
			}
		}
	}
	return proof.Proof{}, unavailable(fmt.Errorf("fewer than %d organizations signed the same answer: %w", want, errors.Join(failures...)))
}

// proof builds the proof from the question and its signed answers.
func (q *question) proof(jws string, answers map[string]*answer) (proof.Proof, error) {
	var header common.Header
	if err := decode("header", q.proposal.GetHeader(), &header); err != nil {
		return proof.Proof{}, broken(err)
	}
	p := proof.Proof{
		JWS: jws, ChannelHeader: header.GetChannelHeader(), SignatureHeader: header.GetSignatureHeader(),
		Input: q.proposal.GetPayload(),
	}
	var list []*answer
	for _, a := range answers {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *answer) int { return cmp.Compare(a.from.MSPID(), b.from.MSPID()) })
	for _, a := range list {
		p.Answer = a.response.GetPayload()
		e := a.response.GetEndorsement()
		p.Endorsements = append(p.Endorsements, proof.Endorsement{Endorser: bytes.Clone(e.GetEndorser()), Signature: e.GetSignature()})
	}
	return p, nil
}
