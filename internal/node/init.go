package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// NewID makes a UUIDv7.
func NewID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7()).String()) }

// Request is genesis.request: what a new node asks the data authority to sign.
type Request struct {
	Ledger    ledger.ID     `json:"ledger"`
	Name      string        `json:"name"`
	Region    ledger.Region `json:"region"`
	Origin    string        `json:"origin"`
	LedgerKey string        `json:"ledger_key"`
	Platform  string        `json:"platform"` // admission JWS of the node party
}

// Trust is what a verifier must have from outside the node (protocol §6).
type Trust struct {
	Ledger        ledger.ID     `json:"ledger"`
	GenesisSHA256 ledger.Digest `json:"genesis_sha256"`
	Logs          []string      `json:"logs"` // verifier keys of the ledger log
}

// Make lays out a new node in dir and returns its request for a genesis.
// operator says who runs the node, by its unified social credit code.
func Make(dir string, s Settings, operator ledger.USCC, now time.Time) (Request, error) {
	if err := ledger.First(ledger.CheckText("name", s.Name, 1, ledger.MaxName), s.Region.Validate("region"),
		ledger.CheckToken("origin", s.Origin, 200), operator.Validate("uscc"), s.Objects.validate()); err != nil {
		return Request{}, err
	}
	if s.Limits == (Limits{}) {
		s.Limits = DefaultLimits()
	}
	d := folder(dir)
	k, err := d.create(s.Origin)
	if err != nil {
		return Request{}, err
	}
	s.Platform = NewID()
	profile := ledger.PartyProfile{
		ID: s.Platform, Name: s.Name, USCC: operator, Kind: ledger.Institution,
		Roles: []ledger.Role{ledger.RolePlatform}, Region: s.Region, Affiliates: []ledger.USCC{},
		Keys:   []ledger.NewKeyArg{{JWK: k.platform.Public(), Use: ledger.UseSign, Custody: ledger.CustodyNode}},
		Origin: s.Origin, LogKey: k.receipts.VKey(),
	}
	jws, err := ledger.SignProfile(k.platform, profile)
	if err != nil {
		return Request{}, err
	}
	r := Request{Ledger: NewID(), Name: s.Name, Region: s.Region, Origin: s.Origin, LedgerKey: k.ledger.VKey(), Platform: jws}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return Request{}, fmt.Errorf("encode request: %w", err)
	}
	return r, errors.Join(d.keepSettings(s), writeFile(d.path("genesis.request"), append(b, '\n')))
}

// Begin appends entry 0: the genesis that the data authority signed.
func Begin(ctx context.Context, dir, genesis string, now func() time.Time) (Trust, error) {
	d := folder(dir)
	s, err := d.settings()
	if err != nil {
		return Trust{}, err
	}
	unlock, err := d.lock()
	if err != nil {
		return Trust{}, err
	}
	defer unlock()
	signed, err := ledger.ParseCall(genesis)
	if err != nil {
		return Trust{}, fmt.Errorf("genesis: %w", err)
	}
	var args ledger.GenesisArgs
	if err := ledger.DecodeStrict(signed.Call.Args, &args); err != nil {
		return Trust{}, fmt.Errorf("genesis: %w", err)
	}
	k, err := d.keys()
	if err != nil {
		return Trust{}, err
	}
	if args.LedgerKey != k.ledger.VKey() || args.Origin != s.Origin {
		return Trust{}, fmt.Errorf("this genesis was signed for another node (%s): sign %s", args.Origin, d.path("genesis.request"))
	}
	s.Ledger, s.GenesisSHA256 = args.Ledger, ledger.DigestOf([]byte(genesis))
	l, err := embedded.Open(ctx, embedded.Config{
		Path: d.path("ledger.db"), Key: k.ledger, Algorithms: ledger.Standard(),
		Genesis: s.GenesisSHA256, Now: now,
	})
	if err != nil {
		return Trust{}, err
	}
	if _, err := l.Submit(ctx, genesis); err != nil {
		return Trust{}, errors.Join(fmt.Errorf("genesis: %w", err), l.Close())
	}
	if err := errors.Join(l.Close(), d.keepSettings(s)); err != nil {
		return Trust{}, err
	}
	t := trust(s, k)
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return t, fmt.Errorf("encode trust: %w", err)
	}
	return t, errors.Join(writeFile(d.path("trust.json"), append(b, '\n')), os.Remove(d.path("genesis.request")))
}

func trust(s Settings, k keys) Trust {
	return Trust{Ledger: s.Ledger, GenesisSHA256: s.GenesisSHA256, Logs: []string{k.ledger.VKey()}}
}

// Authority is what signs a genesis: the data authority's profile with its sign
// key, and the recovery key that stays offline.
type Authority struct {
	Profile  ledger.PartyProfile
	Key      *ledger.Key
	Recovery ledger.JWK
}

// SignGenesis answers a node's request with the call that begins the ledger.
func SignGenesis(r Request, a Authority, limits ledger.Limits, demo bool, now time.Time) (string, error) {
	at := ledger.Millis(now.UnixMilli())
	args := ledger.GenesisArgs{
		Ledger: r.Ledger, Name: r.Name, Region: r.Region, Origin: r.Origin, LedgerKey: r.LedgerKey,
		Authority: a.Profile, Recovery: a.Recovery, Platform: r.Platform, Limits: limits, Gate: ledger.GateStrict, Rules: 1, Demo: demo,
	}
	if err := args.Validate(); err != nil {
		return "", err
	}
	return ledger.SignCall(a.Key, ledger.Call{
		Ledger: r.Ledger, ID: NewID(), Party: a.Profile.ID,
		Function: ledger.FnGenesis, Time: at, Expires: at + ledger.MaxExpiry,
	}, args)
}
