package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// NewID returns a new UUID of version 7.
func NewID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7()).String()) }

// Request is genesis.request: what the data authority is asked to sign for a new node.
type Request struct {
	Ledger    ledger.ID     `json:"ledger"`
	Name      string        `json:"name"`
	Region    ledger.Region `json:"region"`
	Origin    string        `json:"origin"`
	LedgerKey string        `json:"ledger_key"`
	Platform  string        `json:"platform"` // admission JWS of the node party
}

// requestFile holds what the data authority signs to begin a ledger.
const requestFile = "genesis.request"

// Make lays out a new node in dir and returns its request for a genesis. operator is the
// unified social credit code of the organization that runs the node.
func Make(dir string, s Settings, operator ledger.USCC, now time.Time) (Request, error) {
	d := folder(dir)
	made, err := d.make(s, operator)
	if err != nil {
		return Request{}, err
	}
	r := Request{Ledger: NewID(), Name: s.Name, Region: s.Region, Origin: s.Origin, Platform: made.application}
	if made.keys.ledger != nil {
		r.LedgerKey = made.keys.ledger.VKey()
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return Request{}, words.Errorf("编写请求：%v", "encode request: %v", err)
	}
	if err := errors.Join(d.saveSettings(made.settings), durable.WriteFile(d.path(requestFile), append(b, '\n'))); err != nil {
		return r, err
	}
	return r, d.finish()
}

// newNode is what make has written into a new folder.
type newNode struct {
	settings    Settings
	keys        keys
	application string // admission JWS of the node party
}

// make makes the folder and keys of a new node, and its application for admission.
func (d folder) make(s Settings, operator ledger.USCC) (newNode, error) {
	s.Platform = NewID()
	profile := ledger.PartyProfile{
		ID: s.Platform, Name: s.Name, USCC: operator, Kind: ledger.Institution,
		Roles: []ledger.Role{ledger.RolePlatform}, Region: s.Region, Affiliates: []ledger.USCC{}, Origin: s.Origin, URL: s.URL,
	}
	if s.Limits == (Limits{}) {
		s.Limits = DefaultLimits()
	}
	if err := errors.Join(ledger.First(ledger.CheckText("name", s.Name, 1, ledger.MaxName), s.Region.Validate("region"),
		ledger.CheckToken("origin", s.Origin, 200), operator.Validate("uscc"), profile.CheckURL(), s.Objects.validate()), s.Backend.validate()); err != nil {
		return newNode{}, err
	}
	k, err := d.create(s.Origin, s.Backend)
	if err != nil {
		return newNode{}, err
	}
	profile.Keys = []ledger.NewKeyArg{{JWK: k.platform.Public(), Use: ledger.UseSign, Custody: ledger.CustodyNode}}
	profile.LogKey = k.receipts.VKey()
	jws, err := ledger.SignProfile(k.platform, profile)
	return newNode{s, k, jws}, err
}

// Begin records the genesis signed by the data authority as the first call of the ledger,
// and returns the trust file of the ledger. It accepts a channel that already has this
// genesis. fabric is the member of that name of the trust file, for a ledger on Fabric.
func Begin(ctx context.Context, dir, genesis string, fabric json.RawMessage, now func() time.Time) (evidence.Trust, error) {
	return begin(ctx, folder(dir), genesis, fabric, now, openLedger)
}

func begin(ctx context.Context, d folder, genesis string, fabric json.RawMessage, now func() time.Time, open opener) (evidence.Trust, error) {
	var empty evidence.Trust
	s, err := d.settings()
	if err != nil {
		return empty, err
	}
	unlock, err := d.lock()
	if err != nil {
		return empty, err
	}
	defer unlock()
	k, err := d.keys(s.Backend)
	if err != nil {
		return empty, err
	}
	args, err := d.genesis(genesis, s, k)
	if err != nil {
		return empty, err
	}
	if s.Backend.Shared() != (len(fabric) > 0) {
		return empty, words.Errorf("账本在 Fabric 上时（且仅此时）须用 --fabric-trust 给出网络各组织的 CA", "a ledger on Fabric, and only that, needs --fabric-trust with the CAs of the network's organizations")
	}
	s.Ledger, s.GenesisSHA256 = args.Ledger, ledger.DigestOf([]byte(genesis))
	l, err := open(ctx, d, s, k, slog.New(slog.DiscardHandler), now)
	if err != nil {
		return empty, err
	}
	if _, err := l.Submit(ctx, genesis); err != nil {
		if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonGenesis {
			err = fmt.Errorf("the ledger has, or expects, another genesis: join it with cadastre init --join, or give the node a separate channel: %w", err)
		}
		return empty, errors.Join(words.Errorf("创世请求：%v", "genesis: %v", err), l.shut())
	}
	t := evidence.Trust{Ledger: s.Ledger, Genesis: s.GenesisSHA256, Logs: []string{}, Fabric: fabric}
	if k.ledger != nil {
		t.Logs = []string{k.ledger.VKey()}
	}
	if err := errors.Join(l.shut(), d.saveTrust(t), d.saveSettings(s)); err != nil {
		return t, err
	}
	if err := os.Remove(d.path(requestFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t, fmt.Errorf("clear request: %w", err)
	}
	return t, nil
}

// Record submits calls in order to the ledger of the node in dir. The node need not be
// admitted, and the ledger need not have its genesis yet.
func Record(ctx context.Context, dir string, log *slog.Logger, now func() time.Time, calls ...string) error {
	d := folder(dir)
	s, err := d.settings()
	if err != nil {
		return err
	}
	k, err := d.keys(s.Backend)
	if err != nil {
		return err
	}
	l, err := openLedger(ctx, d, s, k, log, now)
	if err != nil {
		return err
	}
	for _, call := range calls {
		if _, err := l.Submit(ctx, call); err != nil {
			return errors.Join(fmt.Errorf("record: %w", err), l.shut())
		}
	}
	return l.shut()
}

// genesis parses a signed genesis and refuses one that was signed for another node.
func (d folder) genesis(jws string, s Settings, k keys) (ledger.GenesisArgs, error) {
	var args ledger.GenesisArgs
	signed, err := ledger.ParseCall(jws)
	if err != nil {
		return args, words.Errorf("创世请求：%v", "genesis: %v", err)
	}
	if err := ledger.DecodeStrict(signed.Call.Args, &args); err != nil {
		return args, words.Errorf("创世请求：%v", "genesis: %v", err)
	}
	vkey := ""
	if k.ledger != nil {
		vkey = k.ledger.VKey()
	}
	p, err := ledger.ParseProfile(ledger.Standard(), args.Platform)
	if err != nil {
		return args, words.Errorf("创世请求：%v", "genesis: %v", err)
	}
	if args.LedgerKey != vkey || args.Origin != s.Origin || p.ID != s.Platform {
		return args, words.Errorf("该创世请求是为另一节点（%s）签署的：请签署 %s", "this genesis was signed for another node (%s): sign %s", args.Origin, d.path(requestFile))
	}
	return args, nil
}

// Authority is what signs a genesis: the data authority's profile with its sign
// key, and the recovery key that stays offline.
type Authority struct {
	Profile  ledger.PartyProfile
	Key      *ledger.Key
	Recovery ledger.JWK
}

// SignGenesis signs the genesis call that a node's request asks for.
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
