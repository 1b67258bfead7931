//go:build integration

package integration_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/config"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// The operator's contract lets anybody deposit a hash again, and so take it
// from the first depositor; and it writes another size than was deposited.
const (
	depositOnce  = `create(deposit),`
	depositAgain = `handle(func(t *tx, a ledger.DepositArgs) error {
		ref := depositRef(a.SHA256)
		_ = t.absent(ref, "sha256")
		a.Bytes++
		d, err := deposit(t, a)
		if err != nil {
			return err
		}
		if to, one := t.act.To(""); one {
			setState(&d, to)
		}
		return t.store(ref, "", &d)
	}),`
)

// TestLiveChangedContract: the peer of an organization that runs another contract
// than the two others gets nothing recorded that they refuse, no matter who asks it;
// what they accept goes on being recorded.
func TestLiveChangedContract(t *testing.T) {
	p := binaries(t)
	other := changed(t, "chaincode", "./cmd/chaincode", "ledger/contract/rules.go", depositOnce, depositAgain)
	w := ledgertest.NewWorld(t, time.Now)
	genesis := filepath.Join(t.TempDir(), "genesis.jws")
	keep(t, genesis, []byte(w.Genesis))
	n := p.boot(t, "changed", genesis, "--chaincode", "operator="+other)
	t.Cleanup(func() { n.do(t, "down") })
	ledgers := map[string]*fabric.Ledger{}
	for _, o := range organizations {
		ledgers[o] = n.open(t, o)
	}
	w.Begin(t, ledgers["bureau"])
	first, second := w.Member(t, ledger.RoleHolder), w.Member(t, ledger.RoleHolder)
	for _, m := range []*ledgertest.Member{first, second} {
		submitted(t, ledgers["bureau"], w.Admission(t, m))
	}
	hash := sum("contested")
	deposit := w.Call(t, first, ledger.FnDeposit, ledger.DepositArgs{SHA256: hash, Bytes: 1})
	for range 5 { // the peer with the changed contract may have been asked each time: busy
		if _, err := ledgers["regulator"].Submit(t.Context(), deposit); !errors.Is(err, ledger.Unavailable) {
			break
		}
	}
	submitted(t, ledgers["regulator"], deposit)
	answers := 0
	for i := range 6 {
		steal := w.Call(t, second, ledger.FnDeposit, ledger.DepositArgs{SHA256: hash, Bytes: int64(i)})
		for _, o := range organizations {
			_, err := ledgers[o].Submit(t.Context(), steal)
			if err == nil {
				t.Fatalf("the client of %s had the hash deposited again", o)
			}
			if why(err) == ledger.ReasonExists {
				answers++
			} else {
				t.Logf("%s reads: %s", o, told(err))
			}
		}
		id := ledgertest.Parse(t, steal).Call.ID
		n.absent(t, ledgers, second.ID, id)
	}
	if answers == 0 {
		t.Error("nobody was told that the hash is deposited already")
	}
	t.Logf("%d of 18 are told that the hash is deposited already", answers)
	bypass := w.Call(t, second, ledger.FnDeposit, ledger.DepositArgs{SHA256: hash, Bytes: 99})
	n.bypass(t, bypass)
	n.absent(t, ledgers, second.ID, ledgertest.Parse(t, bypass).Call.ID)
	longest := time.Duration(0)
	for i := range 12 {
		o := organizations[i%3]
		begun := time.Now()
		submitted(t, ledgers[o], w.Call(t, first, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(string(w.NewID())), Bytes: int64(i)}))
		longest = max(longest, time.Since(begun))
	}
	t.Logf("what the two others agree on is recorded: 12 deposits, the longest in %s", longest.Round(10*time.Millisecond))
	for o, l := range ledgers {
		got := value[ledger.Deposit](t, l, ledger.RefTo(ledger.KindDeposit, hash))
		if got.Party != first.ID || got.Bytes != 1 {
			t.Errorf("read as %s, the hash is deposited by %s", o, got.Party)
		}
	}
}

func submitted(t *testing.T, l ledger.Ledger, jws string) {
	t.Helper()
	if _, err := l.Submit(t.Context(), jws); err != nil {
		t.Fatal(told(err))
	}
}

// absent checks that a call is recorded nowhere, so that nothing can prove it.
func (n *fabricNet) absent(t *testing.T, ledgers map[string]*fabric.Ledger, party, id ledger.ID) {
	t.Helper()
	for o, l := range ledgers {
		if r, err := l.Recorded(t.Context(), party, id); why(err) != ledger.ReasonUnknown {
			t.Errorf("read as %s, call %s is recorded: %+v, %v", o, id, r, err)
		}
	}
}

// bypass has a call endorsed by the operator's peer alone and sent to the orderer,
// as the product never does: it is in a block, and marked invalid.
func (n *fabricNet) bypass(t *testing.T, jws string) {
	t.Helper()
	o := n.of(t, "operator")
	profile, err := os.ReadFile(o.Profile)
	if err != nil {
		t.Fatal(err)
	}
	sdk, err := fabsdk.New(config.FromRaw(profile, "yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	c, err := channel.New(sdk.ChannelContext(n.Channel, fabsdk.WithUser(o.User), fabsdk.WithOrg(o.Name)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Execute(channel.Request{ChaincodeID: n.Chaincode, Fcn: ledger.TxSubmit, Args: [][]byte{[]byte(jws)}}, channel.WithTargetEndpoints("peer.operator"))
	s, ok := status.FromError(err)
	if !ok || s.Group != status.EventServerStatus || s.Code != int32(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE) {
		t.Errorf("a call endorsed by the changed contract alone: %v, want it in a block and invalid", err)
	}
}
