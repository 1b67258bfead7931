package custody_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

type fixture struct {
	*custody.Keys
	db  *sqldb.DB
	key *ledger.Key
}

const moment = 1_764_000_000_123

func now() time.Time { return time.UnixMilli(moment) }

func newMaster(t *testing.T) seal.Key {
	t.Helper()
	k, err := seal.Create(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "node.db"), sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), "custody", custody.Migrations()); err != nil {
		t.Fatal(err)
	}
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return fixture{custody.New(db.W, newMaster(t), now), db, key}
}

func (f fixture) keep(t *testing.T, party ledger.ID, use ledger.KeyUse) {
	t.Helper()
	if err := f.Store(t.Context(), party, use, f.key); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) alter(t *testing.T, statement string, args ...any) {
	t.Helper()
	done, err := f.db.W.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}

const (
	alice ledger.ID = "01890a5d-ac96-774b-bcce-b302099a8057"
	bob   ledger.ID = "01890a5d-ac96-774b-bcce-b302099a8058"
)

func TestKeptKeySigns(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseSign)
	signer, err := f.Signer(t.Context(), alice, f.key.ID(), ledger.UseSign)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.SignJWS(signer, ledger.TypeCall, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := ledger.ParseJWS(s, ledger.TypeCall, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := jws.Verify(ledger.Standard(), f.key.Public()); err != nil {
		t.Fatal(err)
	}
}

func TestSignerOnlyForItsPartyAndUse(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseAuth)
	other, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		party ledger.ID
		kid   ledger.KeyID
		use   ledger.KeyUse
	}{
		{bob, f.key.ID(), ledger.UseAuth},
		{alice, other.ID(), ledger.UseAuth},
		{alice, f.key.ID(), ledger.UseSign},
	} {
		if _, err := f.Signer(t.Context(), c.party, c.kid, c.use); !errors.Is(err, ledger.NotFound) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestKeepAgain(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseSign)
	var first, second []byte
	f.sealed(t, &first)
	f.keep(t, alice, ledger.UseSign)
	if f.sealed(t, &second); !bytes.Equal(first, second) {
		t.Error("keeping again sealed again")
	}
	if err := f.Store(t.Context(), alice, ledger.UseAuth, f.key); !errors.Is(err, ledger.Conflict) {
		t.Errorf("kept for another use: %v", err)
	}
	if _, err := f.Signer(t.Context(), alice, f.key.ID(), ledger.UseSign); err != nil {
		t.Error(err)
	}
}

func (f fixture) sealed(t *testing.T, into *[]byte) {
	t.Helper()
	var created int64
	row := f.db.R.QueryRowContext(t.Context(), "SELECT sealed, created_at FROM sealed_key")
	if err := row.Scan(into, &created); err != nil || created != moment {
		t.Fatalf("kept at %d, %v", created, err)
	}
}

func TestKeepRefuses(t *testing.T) {
	f := newFixture(t)
	if err := f.Store(t.Context(), "alice", ledger.UseSign, f.key); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("party that is no id: %v", err)
	}
	if err := f.Store(t.Context(), alice, "seal", f.key); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("unknown use: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Store(ctx, alice, ledger.UseSign, f.key); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestAlteredRowsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		arg       any
		party     ledger.ID
		use       ledger.KeyUse
	}{
		"moved to another party": {"UPDATE sealed_key SET party = ?", string(bob), bob, ledger.UseSign},
		"given another use":      {"UPDATE sealed_key SET use = ?", "auth", alice, ledger.UseAuth},
		"emptied":                {"UPDATE sealed_key SET sealed = ?", []byte{}, alice, ledger.UseSign},
	} {
		f := newFixture(t)
		f.keep(t, alice, ledger.UseSign)
		f.alter(t, c.statement, c.arg)
		if _, err := f.Signer(t.Context(), c.party, f.key.ID(), c.use); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOtherMasterKey(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseSign)
	other := custody.New(f.db.W, newMaster(t), now)
	if _, err := other.Signer(t.Context(), alice, f.key.ID(), ledger.UseSign); !errors.Is(err, seal.ErrWrongKey) {
		t.Fatal(err)
	}
}

func TestNoPrivateKeyInTheTable(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseSign)
	secret, err := f.key.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	f.sealed(t, &sealed)
	if bytes.Contains(sealed, secret) {
		t.Fatal("the table holds the private key")
	}
}

// TestRotate: every key opens by the next master key alone; a second run and a
// mixture pass over what is done, and one that opens by neither stops it whole.
func TestRotate(t *testing.T) {
	f := newFixture(t)
	f.keep(t, alice, ledger.UseSign)
	f.keep(t, bob, ledger.UseAuth)
	next := newMaster(t)
	if n, err := f.Rotate(t.Context(), next); err != nil || n != 2 {
		t.Fatalf("rotated %d, %v", n, err)
	}
	if _, err := f.Signer(t.Context(), alice, f.key.ID(), ledger.UseSign); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("the old master key: %v", err)
	}
	after := custody.New(f.db.W, next, now)
	for party, use := range map[ledger.ID]ledger.KeyUse{alice: ledger.UseSign, bob: ledger.UseAuth} {
		if got, err := after.Signer(t.Context(), party, f.key.ID(), use); err != nil || got.ID() != f.key.ID() {
			t.Errorf("the next master key: %v", err)
		}
	}
	const carol ledger.ID = "01890a5d-ac96-774b-bcce-b302099a8059"
	f.keep(t, carol, ledger.UseSign) // sealed by the old one
	if n, err := f.Rotate(t.Context(), next); err != nil || n != 1 {
		t.Fatalf("rotated %d more, %v", n, err)
	}
	f.alter(t, `UPDATE sealed_key SET sealed = x'01' WHERE party = ?`, string(bob))
	third := newMaster(t)
	if n, err := after.Rotate(t.Context(), third); !errors.Is(err, seal.ErrDamaged) || n != 0 {
		t.Errorf("a damaged key: %d, %v", n, err)
	}
	for _, party := range []ledger.ID{alice, carol} {
		if _, err := after.Signer(t.Context(), party, f.key.ID(), ledger.UseSign); err != nil {
			t.Errorf("a rotation that failed changed something: %v", err)
		}
	}
}

// TestKeysOfAPartyAreBounded: one party's keys do not fill the store, nor take the room of
// another's; a deleted key makes room.
func TestKeysOfAPartyAreBounded(t *testing.T) {
	f := newFixture(t)
	one, two := ledger.DeriveID("one"), ledger.DeriveID("two")
	store := func(party ledger.ID, key *ledger.Key) error { return f.Store(t.Context(), party, ledger.UseSign, key) }
	keys := make([]*ledger.Key, custody.MaxKeys+1)
	for i := range keys {
		var err error
		if keys[i], err = ledger.NewKey(); err != nil {
			t.Fatal(err)
		}
		err = store(one, keys[i])
		if e := ledger.AsError(err); i < custody.MaxKeys && err != nil || i == custody.MaxKeys && (e == nil || e.Rule != "max_stored_keys" || e.Param("limit") == "") {
			t.Fatalf("key %d: %v", i+1, err)
		}
	}
	if err := store(one, keys[0]); err != nil {
		t.Errorf("a key that is stored already: %v", err)
	}
	if err := store(two, keys[custody.MaxKeys]); err != nil {
		t.Errorf("a key of another party: %v", err)
	}
	if err := f.Delete(t.Context(), one, []ledger.KeyID{keys[3].ID(), "unknown"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Signer(t.Context(), one, keys[3].ID(), ledger.UseSign); !errors.Is(err, ledger.NotFound) {
		t.Errorf("a deleted key: %v", err)
	}
	if err := store(one, keys[custody.MaxKeys]); err != nil {
		t.Errorf("a key in the place of the deleted one: %v", err)
	}
}
