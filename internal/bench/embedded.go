package bench

import (
	"context"
	"path/filepath"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// Embedded creates a demonstration ledger in the folder dir. There is no bare way of
// writing to compare it with: each call waits for one commit of SQLite.
func Embedded(ctx context.Context, dir string, now func() time.Time) (Subject, func() error, error) {
	const origin = "bench.example"
	closeNothing := func() error { return nil }
	skey, vkey, err := tlog.NewKey(ledger.LedgerLog(origin))
	if err != nil {
		return Subject{}, closeNothing, err
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		return Subject{}, closeNothing, err
	}
	l, err := embedded.Open(ctx, embedded.Config{
		Path: filepath.Join(dir, "ledger.db"), Key: key, Algorithms: ledger.Standard(), Now: now,
	})
	if err != nil {
		return Subject{}, closeNothing, err
	}
	s := Subject{Kind: "embedded", Ledger: l, ID: newID()}
	if s.Authority, err = begin(ctx, s, origin, vkey, now); err != nil {
		return s, l.Close, err
	}
	return s, l.Close, nil
}

// begin records a genesis with new parties and returns the data authority.
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
