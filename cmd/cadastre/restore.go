package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
)

// target is where backups are, with the settings of a bucket.
type target struct {
	Target      string `arg:"" zh:"备份所在的文件夹，或 s3://桶/前缀" en:"Folder of the backups, or s3://BUCKET/PREFIX." placeholder:"TARGET"`
	Endpoint    string `zh:"S3：存储的地址" en:"S3: address of the store." placeholder:"URL"`
	Region      string `zh:"S3：区域" en:"S3: the region." placeholder:"REGION"`
	Credentials string `name:"credentials-file" zh:"S3：访问密钥的文件；默认取环境变量" en:"S3: file with the access key; by default that of the environment." placeholder:"FILE"`
	CA          string `name:"ca-file" zh:"S3：签发存储证书的机构（PEM）；默认用系统所载" en:"S3: authority that signed the store's certificate, PEM; by default the system's." placeholder:"FILE"`
	PathStyle   bool   `zh:"S3：桶名置于路径中" en:"S3: the bucket is in the path."`
}

// bucket returns the settings of the bucket, or nil for a folder.
func (t *target) bucket() (*backup.Bucket, error) {
	rest, ok := strings.CutPrefix(t.Target, "s3://")
	if !ok {
		return nil, nil //nolint:nilnil // a folder
	}
	if t.Endpoint == "" {
		return nil, words.Errorf("请用 --endpoint 指明 S3 存储的地址", "name the address of the S3 store with --endpoint")
	}
	c := backup.Bucket{Endpoint: t.Endpoint, Region: t.Region, CredentialsFile: t.Credentials, CAFile: t.CA, PathStyle: t.PathStyle, Credentials: storeCredentials()}
	c.Bucket, c.Prefix, _ = strings.Cut(rest, "/")
	return &c, nil
}

func (t *target) create(p *program, o backup.Options) (*backup.Target, error) {
	c, err := t.bucket()
	if err != nil {
		return nil, err
	}
	if c != nil {
		return backup.CreateS3(p.ctx, *c, o)
	}
	return backup.Create(p.ctx, t.Target, o)
}

func (t *target) open(p *program) (*backup.Target, error) {
	c, err := t.bucket()
	if err != nil {
		return nil, err
	}
	if c != nil {
		return backup.OpenS3(p.ctx, *c)
	}
	return backup.Open(p.ctx, t.Target)
}

// opening is what opens a backup.
type opening struct {
	At         string `zh:"备份的编号；默认为最近一份" en:"Id of the backup; by default the newest." placeholder:"ID"`
	Passphrase string `name:"passphrase-file" zh:"首行为口令的文件" en:"File with the passphrase in its first line." placeholder:"FILE"`
	Identity   string `zh:"接收者的私钥文件" en:"File with the identity of a recipient." placeholder:"FILE"`
	Keys       string `zh:"存有主密钥 master 的文件夹，用于以主密钥封存的备份" en:"Folder with the file master, for a backup that is sealed by the master key." placeholder:"DIR"`
}

func (o *opening) opens() (s backup.Opens, err error) {
	if o.Passphrase != "" {
		if s.Passphrase, err = backup.ReadPassphrase(o.Passphrase); err != nil {
			return s, err
		}
	}
	if o.Identity != "" {
		if s.Identities, err = backup.ReadIdentities(o.Identity); err != nil {
			return s, err
		}
	}
	if o.Keys != "" {
		err = s.AddMaster(o.Keys)
	}
	return s, err
}

type restoreCmd struct {
	target
	Dir string `arg:"" zh:"新的或空的文件夹" en:"New or empty folder." placeholder:"DIR"`
	opening
}

// Page shows how to restore a node.
func (restoreCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre restore /backup/node1 D --identity backup.identity\ncadastre restore /backup/node1 D --passphrase-file F\n" +
			"cadastre restore s3://backups/node1 D --endpoint https://s3.example.gov.cn:9000 --keys K --at ID"},
		{
			ZH: "全部读取、核对之后文件夹才得其名；任何一处与制作时不同，即说明是哪个文件，什么也不留下。其后的请求与回执不在其中：serve 启动前须知他人所持的最新检查点。",
			EN: "The folder gets its name when everything has been read and checked. If anything is not as it was written, the file is named and nothing remains. Later calls and receipts are not in it, so before serving the node must know the newest checkpoint that anyone has.",
		},
	}
}

// Run restores a node and prints what is missing.
func (c *restoreCmd) Run(p *program) error {
	opens, err := c.opens()
	if err != nil {
		return err
	}
	from, err := c.open(p)
	if err != nil {
		return err
	}
	done, end := p.counted()
	r, err := node.Restore(p.ctx, node.RestoreOptions{Dir: c.Dir, ID: c.At, Opens: opens, Now: now, Done: done}, from)
	end()
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	if p.JSON {
		return p.json(r)
	}
	rows := [][]string{{p.say("备份", "backup"), r.ID}, {p.say("时间", "time"), terminal.Moment(p.Lang, r.At)}, {p.say("节点", "node"), r.Origin}, {p.say("账本编号", "ledger id"), string(r.LedgerID)}}
	rows = append(rows, p.logRows(r.Ledger, r.Receipts)...)
	rows = append(rows, []string{p.say("内容", "content"), fmt.Sprintf(p.say("%d 个", "%d objects"), r.Objects)}, []string{p.say("文件夹", "folder"), r.Dir})
	if err := terminal.Table(p.out, rows); err != nil {
		return err
	}
	if r.FromS3 {
		if err := p.line(p.say("内容此前在 S3 桶中，现在 %s；node.json 已不再指向该桶。", "The content was in an S3 bucket and is in %s now; node.json no longer names the bucket."), filepath.Join(r.Dir, "objects")); err != nil {
			return err
		}
	}
	var files, folders []string
	for _, name := range r.Absent {
		if strings.HasSuffix(name, "/") { // what else was in the node's folder
			folders = append(folders, name)
		} else {
			files = append(files, name)
		}
	}
	return errors.Join(
		p.absent(files, p.say("备份中没有而节点需要：", "Missing, the node needs it and the backup does not have it: ")),
		p.absent(folders, p.say("备份中没有，节点运行不需要：", "Not in the backup, and the node runs without it: ")),
	)
}

type headCmd struct {
	Dir string `arg:"" zh:"节点的文件夹，节点须已停止" en:"Folder of the node, which must be stopped." placeholder:"DIR"`
}

// Run prints size and root of both logs.
func (c *headCmd) Run(p *program) error {
	h, err := node.ReadHeads(p.ctx, c.Dir)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(h)
	}
	row := func(name string, l node.LogHead) []string {
		size := fmt.Sprintf(p.say("%d 条", "%d entries"), l.Size)
		if l.Size > 0 {
			size += fmt.Sprintf(p.say("，末条于 %s", ", the last at %s"), terminal.Moment(p.Lang, l.Last))
		}
		return []string{name, size, string(l.Root)}
	}
	rows := [][]string{row(p.say("回执", "receipts"), h.Receipts)}
	if h.Ledger != nil {
		rows = append([][]string{row(p.say("账本", "ledger"), *h.Ledger)}, rows...)
	}
	return terminal.Table(p.out, rows)
}
