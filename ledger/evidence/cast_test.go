package evidence_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// cast are the keys of parties and logs, and what was signed with them. All tests have
// one cast, so what several of them sign in the same way is signed once, and the second
// verifier, which is slow at it, checks the signature once.
type cast struct {
	mu     sync.Mutex
	keys   ledgertest.Keys
	logs   map[string]logKeys // by origin
	signed map[string]string  // JWS by key and content
}

type logKeys struct{ secret, public string }

func newCast() *cast {
	return &cast{keys: ledgertest.Keys{}, logs: map[string]logKeys{}, signed: map[string]string{}}
}

var theCast = newCast()

// key returns the key of a party.
func (c *cast) key(t testing.TB, name string) *ledger.Key {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys.Of(t, name)
}

// log returns the keys of a log.
func (c *cast) log(t testing.TB, origin string) logKeys {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.logs[origin]; !ok {
		secret, public, err := note.GenerateKey(rand.Reader, origin)
		if err != nil {
			t.Fatalf("log key: %v", err)
		}
		c.logs[origin] = logKeys{secret, public}
	}
	return c.logs[origin]
}

// sign returns what f signs with a key, or what it signed before.
func (c *cast) sign(t testing.TB, key *ledger.Key, content any, f func() (string, error)) string {
	t.Helper()
	name := string(key.ID()) + string(encode(t, content))
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.signed[name]; !ok {
		jws, err := f()
		if err != nil {
			t.Fatalf("sign: %v", err)
		}
		c.signed[name] = jws
	}
	return c.signed[name]
}
