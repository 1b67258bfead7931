package auth_test

import (
	"bytes"
	"testing"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/ledger"
)

// TestASignatureIsVerifiedOnce: the second time the result is known. Whatever differs in
// key, text or signature, also where one ends and the next begins, is verified.
func TestASignatureIsVerifiedOnce(t *testing.T) {
	verified := 0
	valid := func(key ledger.JWK, signed, signature []byte) bool {
		verified++
		return bytes.Equal(signed, []byte("text")) && bytes.Equal(signature, []byte("signature")) && key.X == "x"
	}
	algs := auth.Remember(ledger.Algorithms{{Name: "A", Verify: valid}})
	if len(algs) != 1 || algs[0].Name != "A" {
		t.Fatalf("%+v", algs)
	}
	key := ledger.JWK{Kty: "EC", Crv: "P-256", X: "x", Y: "y"}
	for range 3 {
		if !algs[0].Verify(key, []byte("text"), []byte("signature")) {
			t.Fatal("a valid signature is refused")
		}
	}
	if verified != 1 {
		t.Errorf("verified %d times", verified)
	}
	for i, c := range []struct {
		key               ledger.JWK
		signed, signature string
	}{
		{key, "text", "signaturf"},
		{key, "texts", "ignature"},
		{key, "tex", "tsignature"},
		{ledger.JWK{Kty: "EC", Crv: "P-256", X: "z", Y: "y"}, "text", "signature"},
		{ledger.JWK{Kty: "EC", Crv: "P-256", X: "", Y: "xy"}, "text", "signature"},
	} {
		for n := range 2 { // what is invalid is not remembered
			if algs[0].Verify(c.key, []byte(c.signed), []byte(c.signature)) {
				t.Errorf("%d is valid", i)
			}
			if verified != 2+2*i+n {
				t.Errorf("%d: verified %d times, want %d", i, verified, 2+2*i+n)
			}
		}
	}
}
