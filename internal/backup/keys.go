package backup

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
	"github.com/minio/sio"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/words"
)

// How the key of a copy is sealed.
const (
	ForMaster     = "master"     // by the node's master key, which is not in the copy
	ForPassphrase = "passphrase" // with age (scrypt)
	ForRecipients = "recipients" // with age, for public keys
)

const keyBytes = 32

// Seals are the ways to seal the key of a copy. One of them is used: a passphrase, or else
// recipients, or else the master key.
type Seals struct {
	Passphrase string
	Recipients []age.Recipient
	Master     seal.Key
}

// Kind returns how the key is sealed.
func (s Seals) Kind() string {
	switch {
	case s.Passphrase != "":
		return ForPassphrase
	case len(s.Recipients) > 0:
		return ForRecipients
	}
	return ForMaster
}

// Opens are what may open the key of a copy.
type Opens struct {
	Passphrase string
	Identities []age.Identity
	Masters    []Master
}

// Master is a master key with its file.
type Master struct {
	seal.Key
	File []byte
}

// AddMaster adds the master key in the file master of a folder, or in that of its folder
// keys.
func (o *Opens) AddMaster(dir string) error {
	path := filepath.Join(dir, "master")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, "keys", "master")
	}
	k, err := seal.Load(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return words.Errorf("读取主密钥：%v", "load master key: %v", err)
	}
	o.Masters = append(o.Masters, Master{k, text})
	return nil
}

// master returns the master key with an id.
func (o Opens) master(id string) (m Master, ok bool) {
	i := slices.IndexFunc(o.Masters, func(m Master) bool { return m.ID() == id })
	if i < 0 {
		return m, false
	}
	return o.Masters[i], true
}

// sealKey seals the key of the copy with an id.
func (s Seals) sealKey(key []byte, id string) ([]byte, error) {
	recipients := s.Recipients
	switch s.Kind() {
	case ForMaster:
		return s.Master.Seal(key, sealedFor(id))
	case ForPassphrase:
		r, err := age.NewScryptRecipient(s.Passphrase)
		if err != nil {
			return nil, words.Errorf("以口令封存：%v", "seal for passphrase: %v", err)
		}
		r.SetWorkFactor(workFactor)
		recipients = []age.Recipient{r}
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipients...)
	if err == nil {
		_, err = w.Write(key)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return nil, words.Errorf("封存（%s）：%v", "seal for %s: %v", s.Kind(), err)
	}
	return b.Bytes(), nil
}

// workFactor is the logarithm of scrypt's cost: a second and 256 MiB.
var workFactor = 18

// sealedFor binds the key of a copy to its id.
func sealedFor(id string) string { return "backup " + id }

// openKey opens the key of the copy with this head.
func (o Opens) openKey(h Head) ([]byte, error) {
	var identities []age.Identity
	switch h.SealedFor {
	case ForMaster:
		if m, ok := o.master(h.Master); ok {
			key, err := m.Open(h.Key, sealedFor(h.ID))
			return key, changedIf(err, h.ID, headFile)
		}
		return nil, words.Errorf("备份 %s 以节点的主密钥 %s 封存：请用 --keys 指明存有 master 的文件夹", "backup %s is sealed by the node's master key %s: name the folder that has the file master with --keys", h.ID, h.Master)
	case ForPassphrase:
		if o.Passphrase == "" {
			return nil, words.Errorf("备份 %s 以口令封存：请用 --passphrase-file 给出", "backup %s is sealed for a passphrase: give it with --passphrase-file", h.ID)
		}
		i, err := age.NewScryptIdentity(o.Passphrase)
		if err != nil {
			return nil, words.Errorf("以口令打开：%v", "open with passphrase: %v", err)
		}
		i.SetMaxWorkFactor(18)
		identities = []age.Identity{i}
	case ForRecipients:
		if identities = o.Identities; len(identities) == 0 {
			return nil, words.Errorf("备份 %s 为接收者封存：请用 --identity 给出其私钥文件", "backup %s is sealed for recipients: name the file with the identity of one of them with --identity", h.ID)
		}
	default:
		return nil, changed(h.ID, headFile)
	}
	r, err := age.Decrypt(bytes.NewReader(h.Key), identities...)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, words.Errorf("备份 %s 不能用所给的口令或私钥打开，或其 head 与制作时不同", "the passphrase or identity does not open backup %s, or its head was changed", h.ID)
	}
	if err != nil {
		return nil, changedIf(err, h.ID, headFile)
	}
	key, err := io.ReadAll(io.LimitReader(r, keyBytes+1))
	if err == nil && len(key) != keyBytes {
		err = words.Errorf("不是密钥", "not a key")
	}
	return key, changedIf(err, h.ID, headFile)
}

func newKey() ([]byte, error) {
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, words.Errorf("生成密钥：%v", "draw key: %v", err)
	}
	return key, nil
}

// stream returns the cipher of one file of a copy. Its key encrypts this file only, so the
// nonce is zero.
func stream(key []byte, name string) (sio.Config, error) {
	k, err := hkdf.Key(sha256.New, key, nil, "cadastre backup 1 "+name, keyBytes)
	if err != nil {
		return sio.Config{}, words.Errorf("派生密钥：%v", "derive key: %v", err)
	}
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM}, Key: k, Nonce: new([12]byte),
	}, nil
}
