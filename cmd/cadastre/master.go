package main

import (
	"fmt"
	"os"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
)

// storeCredentials returns the credentials in environment variables, for an S3 store in
// node.json without a credentials_file.
func storeCredentials() node.StoreCredentials {
	return node.StoreCredentials{
		AccessKey: os.Getenv("CADASTRE_S3_ACCESS_KEY"), SecretKey: os.Getenv("CADASTRE_S3_SECRET_KEY"),
		SessionToken: os.Getenv("CADASTRE_S3_SESSION_TOKEN"),
	}
}

type rotateCmd struct {
	Dir string `required:"" zh:"节点的文件夹，节点须已停止" en:"Folder of the node, which must be stopped." placeholder:"DIR"`
}

// Page describes what is replaced.
func (rotateCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre rotate-master-key --dir D"},
		{
			ZH: "重新密封每个对象的数据密钥、为各单位保管的密钥和节点自己的密钥；内容本身不重写。若被中断，再次运行即可：未完成之前节点不会启动。此前的 D 的备份需要旧的 D/keys/master：请与备份一同保存，或重新备份并将两者销毁。",
			EN: "It seals again the data key of every object, the keys that the node stores for parties, and the node's own keys. Content is not rewritten. If it is interrupted, run it again: the node does not start before it has finished. Older backups of D need the old D/keys/master: store it with them, or make a new backup and destroy both.",
		},
	}
}

// Run replaces the key and prints what was sealed again.
func (c *rotateCmd) Run(p *program) error {
	done, err := node.RotateMasterKey(p.ctx, node.Options{Dir: c.Dir, Store: storeCredentials(), Now: now})
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(done)
	}
	fmt.Fprintf(p.out, p.say("主密钥 %s 已替换为 %s：重新封装 %d 个对象密钥、%d 个托管密钥。\n",
		"Master key %s was replaced by %s: %d keys of objects and %d keys of parties were sealed again.\n"),
		done.From, done.To, done.Objects, done.Parties)
	for _, id := range done.Damaged {
		fmt.Fprintf(p.err, p.say("对象 %s 的密钥已损坏，此前即无法读取。\n", "The key of object %s is damaged; the object could not be read before either.\n"), id)
	}
	return nil
}
