package main

import (
	"fmt"
	"os"

	"github.com/datacadastre/cadastre/internal/node"
)

// storeCredentials are those of the environment, for a node.json that names an
// S3 store without a credentials_file.
func storeCredentials() node.StoreCredentials {
	return node.StoreCredentials{
		AccessKey: os.Getenv("CADASTRE_S3_ACCESS_KEY"), SecretKey: os.Getenv("CADASTRE_S3_SECRET_KEY"),
		SessionToken: os.Getenv("CADASTRE_S3_SESSION_TOKEN"),
	}
}

type rotateCmd struct {
	Dir string `required:"" help:"Folder of the node, which must be stopped." placeholder:"DIR"`
}

// Help says what stays.
func (rotateCmd) Help() string {
	return `cadastre rotate-master-key --dir D

Seals the data key of every object, the keys kept for parties and the node's own keys anew; content is not written.
If it is interrupted, run it again: the node does not start until it has ended.
Copies of D made before need the old D/keys/master: keep it with them, or make a new copy and destroy both.`
}

// Run rotates and tells what was sealed.
func (c *rotateCmd) Run(p *program) error {
	done, err := node.RotateMasterKey(p.ctx, node.Options{Dir: c.Dir, Store: storeCredentials(), Now: now})
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(done)
	}
	fmt.Fprintf(p.out, p.say("主密钥 %s 已替换为 %s：重新封装 %d 个对象密钥、%d 个托管密钥。\n",
		"Master key %s was replaced by %s: %d keys of objects and %d keys of parties were sealed anew.\n"),
		done.From, done.To, done.Objects, done.Parties)
	for _, id := range done.Damaged {
		fmt.Fprintf(p.err, p.say("对象 %s 的密钥已损坏，此前即无法读取。\n", "Object %s: its key is damaged; it could not be read before either.\n"), id)
	}
	return nil
}
