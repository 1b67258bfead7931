package auth

import (
	"crypto/sha256"
	"encoding/binary"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// maxVerified is the maximum number of signatures in memory: 32 bytes each.
const maxVerified = 4096

// Remember returns the same algorithms, which do not verify a valid signature again. A
// node that verifies a call at its edge, to count it for its party, passes them to its
// ledger too. What is remembered is the hash of key, signed text and signature, of
// which nothing but the result follows, so others can neither use nor change it.
func Remember(algs ledger.Algorithms) ledger.Algorithms {
	list := make(ledger.Algorithms, len(algs))
	for i, a := range algs {
		valid, _ := lru.New[[sha256.Size]byte, struct{}](maxVerified) // fails only for a size below 1
		list[i] = ledger.Algorithm{Name: a.Name, Verify: func(key ledger.JWK, signed, signature []byte) bool {
			hash := hashAll([]byte(key.Kty), []byte(key.Crv), []byte(key.X), []byte(key.Y), signed, signature)
			if valid.Contains(hash) {
				return true
			}
			ok := a.Verify(key, signed, signature)
			if ok {
				valid.Add(hash, struct{}{})
			}
			return ok
		}}
	}
	return list
}

// hashAll returns the hash of a list of texts. The length before each makes it that of no
// other list.
func hashAll(list ...[]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, b := range list {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		_, _ = h.Write(length[:])
		_, _ = h.Write(b)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
