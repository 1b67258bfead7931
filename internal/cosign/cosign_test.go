package cosign_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/cosign"
)

var at = time.Unix(1793000000, 0)

// checkpoint is one that a log signed, and the key that it signed with.
func checkpoint(t *testing.T) ([]byte, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return msg, v
}

func key(t *testing.T, name string) (*cosign.Key, string) {
	t.Helper()
	skey, err := cosign.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	k, err := cosign.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return k, skey
}

// TestCosign: a note that a log signed and an auditor cosigned opens with both keys,
// and says when.
func TestCosign(t *testing.T) {
	msg, log := checkpoint(t)
	k, _ := key(t, "市审计局")
	v, err := cosign.NewVerifier(k.VKey())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := k.Cosign(msg, at)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(log, v))
	if err != nil || len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		t.Fatalf("%v, %+v", err, n)
	}
	if got, err := cosign.Time(n.Sigs[1]); err != nil || !got.Equal(at) {
		t.Errorf("given at %v, %v", got, err)
	}
	changed := strings.Replace(string(signed), "\n7\n", "\n8\n", 1)
	if _, err := note.Open([]byte(changed), note.VerifierList(v)); err == nil {
		t.Error("of another size it verifies")
	}
}

// TestForm makes a signature line by the words of C2SP tlog-cosignature, without the
// code under test, and has it accepted; and the other way round.
func TestForm(t *testing.T) {
	msg, _ := checkpoint(t)
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("auditor.example\n\x04" + string(public)))
	vkey := fmt.Sprintf("auditor.example+%x+%s", sum[:4], base64.StdEncoding.EncodeToString([]byte("\x04"+string(public))))
	text, _, _ := strings.Cut(string(msg), "\n\n")
	sig := ed25519.Sign(secret, []byte("cosignature/v1\ntime 1793000000\n"+text+"\n"))
	line := "— auditor.example " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(sum[:4:4], 1793000000), sig...)) + "\n"
	v, err := cosign.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open([]byte(string(msg)+line), note.VerifierList(v)); err != nil {
		t.Errorf("a line made by hand: %v", err)
	}
	k, err := cosign.ParseKey(fmt.Sprintf("PRIVATE+KEY+auditor.example+%x+%s", sum[:4], base64.StdEncoding.EncodeToString([]byte("\x04"+string(secret.Seed())))))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Cosign(msg, at); err != nil || string(got) != string(msg)+line || k.VKey() != vkey {
		t.Errorf("ours is\n%swant\n%s%v", got, line, err)
	}
}

func TestBadKeys(t *testing.T) {
	k, skey := key(t, "a")
	other, _ := key(t, "b")
	_, lognote, err := note.GenerateKey(rand.Reader, "a")
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(other.VKey(), "+")[1]
	for _, bad := range []string{
		"", "a", "a+b", lognote, k.VKey() + "A", "c" + k.VKey(), " " + k.VKey(), strings.Replace(k.VKey(), "a+", "a+"+hash+"+", 1), skey,
	} {
		if _, err := cosign.NewVerifier(bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
	for _, bad := range []string{"", k.VKey(), strings.Replace(skey, "+a+", "+b+", 1), strings.TrimSuffix(skey, "=") + "A"} {
		if _, err := cosign.ParseKey(bad); err == nil {
			t.Errorf("%q is taken for a secret key", bad)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", "\xff", strings.Repeat("a", 101)} {
		if _, err := cosign.NewKey(name); err == nil {
			t.Errorf("a key is named %q", name)
		}
	}
	if _, err := k.Cosign([]byte("no note"), at); err == nil {
		t.Error("no note is signed")
	}
}
