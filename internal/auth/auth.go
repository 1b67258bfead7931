// Package auth makes and checks the tokens with which a party, or a controlled
// environment, authenticates to a node: JWT of type at+jwt, ES256, for one audience,
// valid for at most ten minutes (RFC 7519, RFC 8725, RFC 9068).
//
// A token for a request that changes something can be used once: its id is committed
// before the work begins, so a repeated request needs a new token. A token grants
// nothing; other packages decide what the party may do.
package auth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// Limits of a token.
const (
	MaxAge = 10 * time.Minute // from issue to expiry
	Skew   = 60 * time.Second // allowed difference of the two clocks
	MaxLen = 2 << 10          // bytes of a token
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the package's tables in node.db; the set is named "auth".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// New returns a token of party for the node at audience, signed by key. It is valid
// from now for age (at most MaxAge).
func New(key *ledger.Key, party, id ledger.ID, audience string, now time.Time, age time.Duration) (string, error) {
	if age <= 0 || age > MaxAge {
		return "", ledger.Invalid("age", "at_most_10m")
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: string(party), Audience: jwt.ClaimStrings{audience}, ID: string(id),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(age)),
	})
	t.Header["typ"] = ledger.TypeToken
	t.Header["kid"] = string(key.ID())
	s, err := t.SignedString(key.Private())
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

// Bearer is the party that a token authenticates. Environment is set if its key belongs
// to a controlled environment; the party is then the environment's operator.
type Bearer struct {
	Party       ledger.ID
	Environment ledger.ID
	Suspended   bool // the party is: it may read its own records, and nothing else
	Key         ledger.JWK
	Kid         ledger.KeyID
	ID          string // id of the token
	Expires     time.Time
}

// Keys looks up the key that a token names.
type Keys interface {
	// Bearer returns the owner of kid and the public key if the key is valid at t: a
	// party's auth or sign key, or an environment's key. The owner may be suspended.
	// Otherwise it returns NotFound.
	Bearer(ctx context.Context, kid ledger.KeyID, t ledger.Millis) (Bearer, error)
}

// Checker checks tokens for one node.
type Checker struct {
	audience string
	keys     Keys
	db       *sql.DB
	now      func() time.Time
	checked  *lru.Cache[[sha256.Size]byte, checked] // tokens that were found to be right, by their hash
}

// maxChecked is the maximum number of tokens in memory.
const maxChecked = 4096

// checked is what the check of a token found that depends only on the token and its key.
type checked struct {
	bearer Bearer
	issued time.Time
}

// NewChecker returns a Checker for the node at audience; it stores used ids in db.
func NewChecker(audience string, keys Keys, db *sql.DB, now func() time.Time) (*Checker, error) {
	if audience == "" {
		return nil, errors.New("auth: the node has no origin to be the tokens' audience")
	}
	tokens, err := lru.New[[sha256.Size]byte, checked](maxChecked)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return &Checker{audience: audience, keys: keys, db: db, now: now, checked: tokens}, nil
}

// Check checks form, type, algorithm, audience, time and signature of a token. A
// refused token is Forbidden with the broken rule. If the keys can't be read, it
// returns the error of Keys.
func (c *Checker) Check(ctx context.Context, token string) (Bearer, error) {
	no := func(rule string) *ledger.Error {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonToken).At("authorization").By(rule)
	}
	refuse := func(rule string) (Bearer, error) { return Bearer{}, no(rule) }
	if len(token) > MaxLen {
		return Bearer{}, no("max_length").With("limit", strconv.Itoa(MaxLen))
	}
	hash := sha256.Sum256([]byte(token))
	if b, ok := c.again(ctx, hash); ok {
		return b, nil
	}
	if !strict(token) {
		return refuse("strict")
	}
	var b Bearer
	var lookup error
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{ledger.ES256}), jwt.WithAudience(c.audience), jwt.WithLeeway(Skew),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(c.now), jwt.WithStrictDecoding())
	_, err := parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if t.Header["typ"] != ledger.TypeToken || kid == "" {
			return nil, errType
		}
		if b, lookup = c.keys.Bearer(ctx, ledger.KeyID(kid), ledger.Millis(c.now().UnixMilli())); lookup != nil {
			return nil, lookup
		}
		return b.Key.Public()
	})
	switch {
	case errors.Is(err, errType):
		return refuse("typ")
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse("expired")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refuse("audience")
	case lookup != nil && !errors.Is(lookup, ledger.NotFound):
		return Bearer{}, lookup // the token may be valid: the store failed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refuse("signature")
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return refuse("key")
	case err != nil:
		return refuse("form")
	case len(claims.Audience) != 1: // another node could send it here (RFC 9068 §5)
		return refuse("audience")
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > MaxAge:
		return refuse("at_most_10m")
	case claims.ID == "" || len(claims.ID) > 64:
		return refuse("jti")
	case claims.Issuer != string(b.Party):
		return refuse("issuer")
	}
	b.ID, b.Expires = claims.ID, claims.ExpiresAt.Time
	c.checked.Add(hash, checked{b, claims.IssuedAt.Time})
	return b, nil
}

// again returns the bearer of a token that was right before, if it still is: its form and
// signature can't have changed, but its time may be over and its key may have ended.
func (c *Checker) again(ctx context.Context, hash [sha256.Size]byte) (Bearer, bool) {
	k, ok := c.checked.Get(hash)
	now := c.now()
	if !ok || !now.Before(k.bearer.Expires.Add(Skew)) || now.Before(k.issued.Add(-Skew)) {
		return Bearer{}, false
	}
	b, err := c.keys.Bearer(ctx, k.bearer.Kid, ledger.Millis(now.UnixMilli()))
	b.ID, b.Expires = k.bearer.ID, k.bearer.Expires
	return b, err == nil && b == k.bearer
}

// Owner returns who a key belongs to now, as Keys does.
func (c *Checker) Owner(ctx context.Context, kid ledger.KeyID) (Bearer, error) {
	return c.keys.Bearer(ctx, kid, ledger.Millis(c.now().UnixMilli()))
}

// claimSet has exactly the allowed claims (strict decoding). The JWT
// library alone would accept ISS for iss, and the last of two equal members.
type claimSet struct {
	Iss string   `json:"iss"`
	Aud []string `json:"aud"`
	Exp int64    `json:"exp"`
	Iat int64    `json:"iat"`
	Jti string   `json:"jti"`
}

// strict reports whether header and claims have exactly our form.
func strict(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	for i, v := range []any{new(ledger.Header), new(claimSet)} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil || ledger.DecodeStrict(b, v) != nil {
			return false
		}
	}
	return true
}

var errType = errors.New("not an at+jwt")

// Spend marks a token's id as used, durably, and refuses it the second time. Ids are
// stored until their tokens have expired.
func (c *Checker) Spend(ctx context.Context, b Bearer) error {
	now := c.now()
	if _, err := c.db.ExecContext(ctx, "DELETE FROM token WHERE expires < ?", now.Add(-2*Skew).UnixMilli()); err != nil {
		return fmt.Errorf("drop ended tokens: %w", err)
	}
	r, err := c.db.ExecContext(ctx, "INSERT INTO token (jti, party, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		b.ID, b.Party, b.Expires.UnixMilli())
	if err != nil {
		return fmt.Errorf("spend token: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonTokenUsed).At("authorization")
	}
	return nil
}
