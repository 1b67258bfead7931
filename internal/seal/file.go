package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/datacadastre/cadastre/internal/durable"
)

// A key file has two lines, each ending with a line feed: its type, version and key id,
// then the key in base64url without padding.
const fileHeader = "cadastre-master-key 1 "

const maxFile = 256 // bytes; a whole key file has 83

// Create makes a new master key in a new file that only its owner may read. The file
// and its name are on disk when Create returns. It never overwrites: for an existing
// file it returns fs.ErrExist.
func Create(path string) (Key, error) {
	secret := make([]byte, keyBytes)
	if _, err := rand.Read(secret); err != nil {
		return Key{}, fmt.Errorf("create master key: %w", err)
	}
	k, err := newKey(secret)
	if err != nil {
		return Key{}, fmt.Errorf("create master key: %w", err)
	}
	if err := durable.Create(path, encodeFile(k, secret)); err != nil {
		return Key{}, fmt.Errorf("create master key: %w", err)
	}
	return k, nil
}

// Load reads the master key that Create wrote. It refuses a file that others than its
// owner may read or write, and returns ErrDamaged if the key does not match the id in
// the file.
func Load(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("load master key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("load master key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Key{}, fmt.Errorf("load master key: %s has mode %04o, so others than its owner may use it; set it to 0600", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return Key{}, fmt.Errorf("load master key: %w", err)
	}
	k, err := parseFile(data)
	if err != nil {
		return Key{}, fmt.Errorf("load master key: %s: %w", path, err)
	}
	return k, nil
}

func encodeFile(k Key, secret []byte) []byte {
	return []byte(fileHeader + k.ID() + "\n" + base64.RawURLEncoding.EncodeToString(secret) + "\n")
}

// parseFile accepts exactly what encodeFile writes. The comparison at the end refuses
// another spelling of the key, and an id that belongs to another key.
func parseFile(data []byte) (Key, error) {
	lines := bytes.Split(data, []byte("\n"))
	if len(lines) != 3 || !bytes.HasPrefix(lines[0], []byte(fileHeader)) {
		return Key{}, fmt.Errorf("not a master key file of version 1: %w", ErrDamaged)
	}
	secret, err := base64.RawURLEncoding.DecodeString(string(lines[1]))
	if err != nil || len(secret) != keyBytes {
		return Key{}, fmt.Errorf("the key is not 32 bytes of base64url: %w", ErrDamaged)
	}
	k, err := newKey(secret)
	if err != nil {
		return Key{}, err
	}
	if !bytes.Equal(encodeFile(k, secret), data) {
		return Key{}, fmt.Errorf("the key is not the one its first line names: %w", ErrDamaged)
	}
	return k, nil
}
