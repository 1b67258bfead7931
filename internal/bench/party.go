package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

const region = ledger.Region("430300")

// expiry is how long a call may wait after it is signed, in milliseconds.
const expiry = ledger.Millis(60 * 60 * 1000)

func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7()).String()) }

// number returns a random number of n digits, so that runs on one ledger use different
// names.
func number(n int64) (string, error) {
	top := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	v, err := rand.Int(rand.Reader, top)
	if err != nil {
		return "", fmt.Errorf("draw number: %w", err)
	}
	return fmt.Sprintf("%0*d", n, v), nil
}

// receiptLog is the receipt log of the platform that the run admits.
type receiptLog struct {
	origin string
	key    *tlog.Key
}

// admit creates the parties of the run and lets the authority admit them.
func (m *measure) admit(ctx context.Context) error {
	m.Report("准入参测单位……", "Admitting the parties of the run …")
	n, err := number(9)
	if err != nil {
		return err
	}
	m.log.origin = "bench-" + n + ".example"
	skey, _, err := tlog.NewKey(ledger.ReceiptLog(m.log.origin))
	if err != nil {
		return err
	}
	if m.log.key, err = tlog.ParseKey(skey); err != nil {
		return err
	}
	m.holders = make([]Signer, max(1, slices.Max(m.Writers)))
	var admitted sample
	return admitted.run(ctx, m.Now, 16, len(m.holders)+2, func(ctx context.Context, i int) (err error) {
		switch i {
		case len(m.holders):
			m.body, err = m.party(ctx, ledger.RoleRegistryBody)
		case len(m.holders) + 1:
			m.platform, err = m.party(ctx, ledger.RolePlatform)
		default:
			m.holders[i], err = m.party(ctx, ledger.RoleHolder)
		}
		return err
	})
}

// member is a party that is not admitted yet, with its key.
type member struct {
	ledger.PartyProfile
	key *ledger.Key
}

// profile creates a party with a new key and an unused code.
func profile(role ledger.Role) (member, error) {
	key, err := ledger.NewKey()
	if err != nil {
		return member{}, err
	}
	digits, err := number(11)
	if err != nil {
		return member{}, err
	}
	code := "113301" + digits
	return member{key: key, PartyProfile: ledger.PartyProfile{
		ID: newID(), Name: "测速单位" + digits, USCC: ledger.USCC(code + string(ledger.USCCCheck(code))), Kind: ledger.Organ,
		Roles: []ledger.Role{role}, Region: region, Affiliates: []ledger.USCC{},
		Keys: []ledger.NewKeyArg{{JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}},
	}}, nil
}

// party creates a party and lets the authority admit it.
func (m *measure) party(ctx context.Context, role ledger.Role) (Signer, error) {
	p, err := profile(role)
	if err != nil {
		return Signer{}, err
	}
	if role == ledger.RolePlatform {
		p.Origin, p.LogKey = m.log.origin, m.log.key.VKey()
	}
	application, err := ledger.SignProfile(p.key, p.PartyProfile)
	if err != nil {
		return Signer{}, err
	}
	call, err := m.sign(m.Authority, ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: application})
	if err != nil {
		return Signer{}, err
	}
	_, err = m.Ledger.Submit(ctx, call)
	return Signer{Party: p.ID, Key: p.key}, err
}

func (m *measure) sign(s Signer, fn ledger.Function, args any) (string, error) {
	now := ledger.Millis(m.Now().UnixMilli())
	return ledger.SignCall(s.Key, ledger.Call{Ledger: m.ID, ID: newID(), Party: s.Party, Function: fn, Time: now, Expires: now + expiry}, args)
}
