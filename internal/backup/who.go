package backup

import (
	"errors"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
)

// NewIdentity makes a key pair for backups. It writes the identity to a new file, which
// only its owner may read, and returns the recipient: backups are made for it, and only
// the identity opens them. Both are age's.
func NewIdentity(file string) (recipient string, err error) {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return "", words.Errorf("生成私钥：%v", "make identity: %v", err)
	}
	recipient = i.Recipient().String()
	return recipient, durable.Create(file, []byte("# public key: "+recipient+"\n"+i.String()+"\n"))
}

// ParseRecipients reads a recipient, age1…, or a file with one in each line.
func ParseRecipients(text string) ([]age.Recipient, error) {
	if !strings.HasPrefix(text, "age1") {
		f, err := os.Open(text)
		if err != nil {
			return nil, words.Errorf("接收者：%v", "recipient: %v", err)
		}
		defer f.Close()
		list, err := age.ParseRecipients(f)
		if err != nil {
			return nil, words.Errorf("接收者 %s：%v", "recipients in %s: %v", text, err)
		}
		return list, nil
	}
	list, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, words.Errorf("接收者 %s 无效：%v", "recipient %s is not valid: %v", text, err)
	}
	return list, nil
}

// ReadIdentities reads a file of identities that only its owner may read.
func ReadIdentities(file string) ([]age.Identity, error) {
	text, err := readSecret(file)
	if err != nil {
		return nil, err
	}
	list, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil { // the parser's error may quote a secret
		return nil, words.Errorf("%s 不是私钥文件（AGE-SECRET-KEY-1…）", "%s is not a file of identities (AGE-SECRET-KEY-1…)", file)
	}
	return list, nil
}

// minPassphrase is the least number of bytes of a passphrase.
const minPassphrase = 12

// ReadPassphrase reads the first line of a file that only its owner may read.
func ReadPassphrase(file string) (string, error) {
	text, err := readSecret(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(text, "\n")
	if line = strings.TrimSuffix(line, "\r"); len(line) < minPassphrase {
		return "", words.Errorf("%s 的首行短于 %d 字节：请用更长的口令", "the first line of %s has less than %d bytes: use a longer passphrase", file, minPassphrase)
	}
	return line, nil
}

const maxSecret = 64 << 10 // bytes of a file of secrets

func readSecret(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", words.Errorf("读取：%v", "read: %v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return "", words.Errorf("%s 的权限为 %04o，他人可读：请改为 0600", "%s has mode %04o, so others may read it: set it to 0600", file, info.Mode().Perm())
	}
	text, e := io.ReadAll(io.LimitReader(f, maxSecret))
	if err = errors.Join(err, e); err != nil {
		return "", words.Errorf("读取 %s：%v", "read %s: %v", file, err)
	}
	return string(text), nil
}
