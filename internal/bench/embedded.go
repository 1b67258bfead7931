package bench

import (
	"context"
	"path/filepath"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// Embedded begins a demonstration ledger in the folder dir. There is nothing
// barer to hold it against: one commit of SQLite is what each call waits for.
func Embedded(ctx context.Context, dir string, now func() time.Time) (Subject, *embedded.Ledger, error) {
	const origin = "bench.example"
	skey, vkey, err := tlog.NewKey(ledger.LedgerLog(origin))
	if err != nil {
		return Subject{}, nil, err
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		return Subject{}, nil, err
	}
	l, err := embedded.Open(ctx, embedded.Config{
		Path: filepath.Join(dir, "ledger.db"), Key: key, Algorithms: ledger.Standard(), Now: now,
	})
	if err != nil {
		return Subject{}, nil, err
	}
	s := Subject{Kind: "embedded", Ledger: l, ID: newID()}
	if s.Authority, err = begin(ctx, s, origin, vkey, now); err != nil {
		return s, l, err
	}
	return s, l, nil
}

// begin records a genesis of fresh parties and returns the data authority.
func begin(ctx context.Context, s Subject, origin, logKey string, now func() time.Time) (Signer, error) {
	authority, err := profile(ledger.RoleDataAuthority)
	if err != nil {
		return Signer{}, err
	}
	platform, err := profile(ledger.RolePlatform)
	if err != nil {
		return Signer{}, err
	}
	_, vkey, err := tlog.NewKey(ledger.ReceiptLog(origin))
	if err != nil {
		return Signer{}, err
	}
	platform.Origin, platform.LogKey = origin, vkey
	application, err := ledger.SignProfile(platform.key, platform.PartyProfile)
	if err != nil {
		return Signer{}, err
	}
	recovery, err := ledger.NewKey()
	if err != nil {
		return Signer{}, err
	}
	m := measure{Subject: s, Options: Options{Now: now}}
	by := Signer{Party: authority.ID, Key: authority.key}
	genesis, err := m.sign(by, ledger.FnGenesis, ledger.GenesisArgs{
		Ledger: s.ID, Name: "测速登记簿", Region: region, Origin: origin, LedgerKey: logKey, Authority: authority.PartyProfile,
		Recovery: recovery.Public(), Platform: application, Gate: ledger.GateStrict, Rules: 1, Demo: true,
	})
	if err != nil {
		return Signer{}, err
	}
	_, err = s.Ledger.Submit(ctx, genesis)
	return by, err
}
