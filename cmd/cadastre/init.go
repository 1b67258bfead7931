package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/tracing"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

type initCmd struct {
	Dir     string        `required:"" zh:"节点的文件夹；不存在则创建" en:"Folder of the node; created if it does not exist." placeholder:"DIR"`
	Name    string        `zh:"节点对公众显示的名称" en:"Public name of the node." placeholder:"NAME"`
	Region  ledger.Region `zh:"区划（GB/T 2260）" en:"Region, GB/T 2260." placeholder:"CODE"`
	Origin  string        `zh:"节点标识，如 data.example.gov.cn：令牌与日志以此为名" en:"Origin of the node, such as data.example.gov.cn, which tokens and logs name." placeholder:"ORIGIN"`
	USCC    ledger.USCC   `name:"uscc" zh:"节点运营方的统一社会信用代码" en:"Unified social credit code of the node's operator." placeholder:"CODE"`
	Genesis string        `zh:"已签署的创世请求，即 genesis sign 的输出：用以创建账本" en:"Signed genesis, as genesis sign prints it. It begins the ledger." type:"existingfile" placeholder:"FILE"`
	Join    string        `zh:"为该信任文件所属账本增设节点（与 --url 同用，即该节点的地址）" en:"Make a further node of the ledger of this trust file (with --url, the address of the node)." type:"existingfile" placeholder:"TRUST"`
	Objects string        `zh:"内容存于该文件所述之处，其内容同 node.json 的 objects；默认存于节点文件夹" en:"Store content in the place that this file describes, with the members of \"objects\" in node.json; by default in the folder." type:"existingfile" placeholder:"FILE"`
	Demo    bool          `zh:"立即创建演示账本：期限为 0 天，其上一切不具有法律效力" en:"Begin a demonstration ledger at once: time limits of 0 days, and nothing on it has legal effect."`

	Fabric       string `zh:"账本存于 Hyperledger Fabric：网络的连接配置，网络启动后须在此处" en:"Store the register on Hyperledger Fabric: path of the network's connection profile, which must exist once the network runs." type:"path" placeholder:"PROFILE"`
	Channel      string `zh:"Fabric：通道" en:"Fabric: the channel." default:"cadastre"`
	Chaincode    string `zh:"Fabric：链码" en:"Fabric: the chaincode." default:"register"`
	Organization string `zh:"Fabric：连接配置中本节点优先使用其对端的组织" en:"Fabric: organization of the profile whose peers this node uses first." placeholder:"ORG"`
	User         string `zh:"Fabric：该组织的客户端身份" en:"Fabric: client identity of that organization." default:"User1"`
	FabricTrust  string `zh:"Fabric：各组织的 CA，写入信任文件；与 --genesis 或 --demo 同用" en:"Fabric: the organizations' CAs, for the trust file; with --genesis or --demo." type:"existingfile" placeholder:"FILE"`
}

// Page shows how to begin.
func (initCmd) Page() terminal.Page {
	return terminal.Page{
		{ZH: "在节点上：", EN: "On the node:", Lines: "cadastre init --dir D --name 市数籍 --region 430300 --origin data.example.gov.cn --uscc CODE"},
		{
			ZH: "在数据管理部门自己的机器上：", EN: "On the data authority's own machine:",
			Lines: "cadastre genesis sign genesis.request --profile authority.json --name 某市数据局 --uscc CODE --recovery recovery.json > genesis.jws",
		},
		{ZH: "再到节点上：", EN: "On the node again:", Lines: "cadastre init --dir D --genesis genesis.jws"},
		{ZH: "将 D/trust.json 在节点之外交给核验者。", EN: "Give D/trust.json to all who will verify, by a way outside the node."},
		{
			ZH: "在多个组织共用的网络上（--url 为本节点的用户访问它的地址）：", EN: "On a network that several organizations share (--url is the address of this node for its clients):",
			Lines: "cadastre init --dir D --name 市数籍 --region 430300 --origin data.example.gov.cn --uscc CODE \\\n  --url https://data.example.gov.cn --fabric profile.yaml --organization bureau\ncadastre init --dir D --genesis genesis.jws --fabric-trust cas.json",
		},
		{
			ZH: "该账本的另一节点，之后由数据管理部门准入：", EN: "A further node of that ledger, which the data authority then admits:",
			Lines: "cadastre init --dir D --join trust.json --name 运营节点 --region 430300 --origin op.example.cn --uscc CODE \\\n  --url https://op.example.cn --fabric profile.yaml --organization operator\ncadastre party admit D/application.jws --profile authority.json",
		},
		{ZH: "最后在各节点上：", EN: "Then, on each:", Lines: "cadastre serve --dir D"},
	}
}

// Run creates the folder, or begins the ledger in it.
func (c *initCmd) Run(p *program) error {
	if c.Genesis != "" {
		b, err := os.ReadFile(c.Genesis)
		if err != nil {
			return words.Errorf("创世请求：%v", "genesis: %v", err)
		}
		return c.begin(p, string(trimmed(b)))
	}
	s, err := c.settings(p)
	if err != nil {
		return err
	}
	if c.Join != "" {
		return c.join(p, s)
	}
	request, err := node.Make(c.Dir, s, c.USCC, now())
	if err != nil {
		return err
	}
	if !c.Demo {
		fmt.Fprintf(p.out, "%s %s\n%s\n", p.say("已生成", "Made"), filepath.Join(c.Dir, "genesis.request"),
			p.say("请由数据管理部门在其自己的机器上签署：cadastre genesis sign", "The data authority must sign it on its own machine: cadastre genesis sign"))
		return nil
	}
	genesis, err := c.demo(request)
	if err != nil {
		return err
	}
	return c.begin(p, genesis)
}

// settings returns the settings of the node. Its register is embedded unless --fabric is
// given.
func (c *initCmd) settings(p *program) (node.Settings, error) {
	s := node.Settings{Name: c.Name, Region: c.Region, Origin: c.Origin, URL: p.URL, Backend: node.Backend{Kind: node.KindEmbedded}}
	if c.Objects != "" {
		store, err := node.ReadContentStore(c.Objects)
		if err != nil {
			return s, err
		}
		s.Objects = store
	}
	if c.Fabric == "" {
		return s, nil
	}
	if c.Organization == "" {
		return s, errors.New(p.say("请用 --organization 指明本节点属于连接配置中的哪个组织", "name with --organization the organization of the connection profile that runs this node"))
	}
	profile, err := filepath.Abs(c.Fabric)
	s.Backend = node.Backend{
		Kind: node.KindFabric, Profile: profile, Channel: c.Channel, Chaincode: c.Chaincode, Organization: c.Organization, User: c.User,
	}
	return s, err
}

// join makes a further node, which the data authority must then admit.
func (c *initCmd) join(p *program, s node.Settings) error {
	b, err := os.ReadFile(c.Join)
	if err != nil {
		return words.Errorf("信任文件：%v", "trust: %v", err)
	}
	t, err := evidence.ParseTrust(b)
	if err != nil {
		return err
	}
	if _, err := proof.ParseTrust(t.Fabric); err != nil {
		return fmt.Errorf("%s: %w", c.Join, err)
	}
	if _, err := node.Join(c.Dir, s, c.USCC, t); err != nil {
		return err
	}
	return p.line("%s %s\n%s", p.say("已生成", "Made"), filepath.Join(c.Dir, "application.jws"),
		p.say("请交数据管理部门核验准入：cadastre party admit application.jws；之后运行 cadastre serve",
			"Give it to the data authority, which admits the node: cadastre party admit application.jws; then run cadastre serve"))
}

func (c *initCmd) begin(p *program, genesis string) error {
	var fabric []byte
	if c.FabricTrust != "" {
		var err error
		if fabric, err = os.ReadFile(c.FabricTrust); err != nil {
			return words.Errorf("Fabric 信任文件：%v", "fabric-trust: %v", err)
		}
		if _, err := proof.ParseTrust(fabric); err != nil {
			return fmt.Errorf("%s: %w", c.FabricTrust, err)
		}
	}
	t, err := node.Begin(p.ctx, c.Dir, genesis, fabric, now)
	if err != nil {
		return err
	}
	return p.json(t)
}

// demo signs the genesis as an invented authority and stores its profile.
func (c *initCmd) demo(r node.Request) (string, error) {
	a, err := demoAuthority(r)
	if err != nil {
		return "", err
	}
	prof := client.Profile{URL: "http://" + defaultListen, Origin: r.Origin, Ledger: r.Ledger, Party: a.Profile.ID, Name: a.Profile.Name}
	if err := errors.Join(prof.SetKey(a.Key), prof.Save(filepath.Join(c.Dir, "profiles", "authority.json"))); err != nil {
		return "", err
	}
	return node.SignGenesis(r, a, ledger.Limits{}, true, now())
}

func demoAuthority(r node.Request) (node.Authority, error) {
	key, err := ledger.NewKey()
	if err != nil {
		return node.Authority{}, err
	}
	recovery, err := ledger.NewKey()
	if err != nil {
		return node.Authority{}, err
	}
	body := "1243030000000000A"
	return node.Authority{Key: key, Recovery: recovery.Public(), Profile: ledger.PartyProfile{
		ID:   node.NewID(),
		Name: "演示市数据局", USCC: ledger.USCC(body + string(ledger.USCCCheck(body))), Kind: ledger.Organ, Region: r.Region,
		Roles: []ledger.Role{ledger.RoleDataAuthority, ledger.RoleImplementer}, Affiliates: []ledger.USCC{},
		Keys: []ledger.NewKeyArg{{JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}},
	}}, nil
}

type genesisCmd struct {
	Sign genesisSignCmd `cmd:"" zh:"签署节点的 genesis.request" en:"Sign a node's genesis.request." example:"cadastre genesis sign genesis.request --profile authority.json --name 某市数据局 --uscc 11430300MB0A00001L --recovery recovery.json > genesis.jws"`
}

type genesisSignCmd struct {
	Request  string      `arg:"" zh:"节点的 genesis.request" en:"The node's genesis.request." type:"existingfile"`
	Name     string      `required:"" zh:"数据管理部门的名称" en:"Name of the data authority." placeholder:"NAME"`
	USCC     ledger.USCC `name:"uscc" required:"" zh:"其统一社会信用代码" en:"Its unified social credit code." placeholder:"CODE"`
	Recovery string      `required:"" zh:"恢复密钥身份文件的写入位置；请离线保存" en:"File to write the recovery key's profile to; store it offline." placeholder:"FILE"`
	Demo     bool        `zh:"签署演示账本：期限为 0 天，其上一切不具有法律效力" en:"Sign a demonstration ledger: time limits of 0 days, and nothing on it has legal effect."`
}

// Run signs with a new key, which it writes to the profile.
func (c *genesisSignCmd) Run(p *program) error {
	if p.Profile == "" {
		return words.Errorf("请用 --profile 指明数据管理部门新身份文件的写入位置", "name with --profile the file for the authority's new profile")
	}
	b, err := os.ReadFile(c.Request)
	if err != nil {
		return words.Errorf("创世请求：%v", "request: %v", err)
	}
	var r node.Request
	if err := ledger.DecodeStrict(b, &r); err != nil {
		return words.Errorf("创世请求：%v", "request: %v", err)
	}
	if err := ledger.First(ledger.CheckText("name", c.Name, 1, ledger.MaxName), c.USCC.Validate("uscc")); err != nil {
		return err // before any key is stored
	}
	if _, err := os.Lstat(c.Recovery); err == nil || filepath.Clean(c.Recovery) == filepath.Clean(p.Profile) {
		return fmt.Errorf(p.say("%s 已存在或与身份文件相同，其中的密钥会丢失：请用 --recovery 指定另一个文件",
			"%s exists already, or is also the profile, and its key would be lost: name another file with --recovery"), c.Recovery)
	}
	prof := client.Profile{Origin: r.Origin, Ledger: r.Ledger, Party: node.NewID(), Name: c.Name, URL: "http://" + defaultListen}
	key, err := c.key(p, &prof)
	if err != nil {
		return err
	}
	recovery, err := ledger.NewKey()
	if err != nil {
		return err
	}
	saved := client.Profile{Origin: r.Origin, Ledger: r.Ledger, Party: prof.Party, Name: c.Name + " (recovery)", URL: prof.URL}
	if err := errors.Join(saved.SetKey(recovery), saved.Save(c.Recovery)); err != nil {
		return err
	}
	a := node.Authority{Key: key, Recovery: recovery.Public(), Profile: ledger.PartyProfile{
		ID: prof.Party, Name: c.Name,
		USCC: c.USCC, Kind: ledger.Organ, Region: r.Region, Roles: []ledger.Role{ledger.RoleDataAuthority, ledger.RoleImplementer},
		Affiliates: []ledger.USCC{}, Keys: []ledger.NewKeyArg{{JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}},
	}}
	limits := ledger.StatutoryLimits()
	if c.Demo {
		limits = ledger.Limits{}
	}
	jws, err := node.SignGenesis(r, a, limits, c.Demo, now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, jws)
	return err
}

func (c *genesisSignCmd) key(p *program, prof *client.Profile) (*ledger.Key, error) {
	if _, err := os.Stat(p.Profile); err == nil {
		return nil, words.Errorf("%s 已存在：创世请求须用新的身份文件，以免密钥重复使用", "%s exists already: a genesis needs a new profile, so that no key is used twice", p.Profile)
	}
	key, err := ledger.NewKey()
	if err != nil {
		return nil, err
	}
	return key, errors.Join(prof.SetKey(key), prof.Save(p.Profile))
}

// defaultListen is the default address of a node.
const defaultListen = "127.0.0.1:8480"

func now() time.Time { return time.Now() }

// moveProfiles writes the address at which the node is served now into the profiles of a
// demonstration in its folder, so that commands find the node. It does nothing for an
// address other than a loopback address, which need not be that of the clients.
func (p *program) moveProfiles(dir, address string) {
	u, err := url.Parse(address)
	if err == nil && !net.ParseIP(u.Hostname()).IsLoopback() {
		return
	}
	if err == nil {
		err = client.MoveProfiles(filepath.Join(dir, "profiles"), address)
	}
	if err != nil {
		fmt.Fprintln(p.err, "cadastre:", terminal.Explain(err, p.Lang))
	}
}

func trimmed(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return b
}

type serveCmd struct {
	Dir         string   `required:"" zh:"节点的文件夹" en:"Folder of the node." placeholder:"DIR"`
	Listen      string   `zh:"监听地址；可被他人访问的地址须有 TLS 或 --behind-proxy" en:"Address to listen on; an address that others can reach needs TLS or --behind-proxy." default:"127.0.0.1:8480"`
	TLSCert     string   `zh:"TLS 证书文件" en:"TLS certificate file." type:"existingfile" placeholder:"FILE"`
	TLSKey      string   `zh:"TLS 私钥文件" en:"TLS key file." type:"existingfile" placeholder:"FILE"`
	BehindProxy bool     `zh:"前置代理终结 TLS，并在 X-Forwarded-For 末尾写明来源地址" en:"A proxy in front of the node ends TLS and appends the address of the client to X-Forwarded-For."`
	LogEntries  string   `zh:"谁可读取日志条目：regulators（监管单位）或 public（公众）" en:"Who may read the entries of the logs: regulators, or public." enum:"regulators,public" default:"regulators"`
	AcceptClock bool     `zh:"已核对时钟无误：距账本最后一条记录超过 31 天，或时钟与最初的请求不符时，也启动" en:"The clock was compared and is right: start though the last entry is more than 31 days old, or the first calls have other times."`
	Last        []string `name:"last-checkpoint" zh:"他人所持的本节点日志的最新检查点，或含有它的证据包，可重复：节点的日志须与之相承；恢复后的文件夹须给出，确无他人持有则为 nobody" en:"The last checkpoint of the node's logs that anyone holds, or a bundle of evidence with it, which the logs must continue; may be repeated. A restored folder needs it; if nobody holds a later checkpoint, \"nobody\"." placeholder:"FILE|nobody"`
	logging
}

// Page shows how to serve.
func (serveCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre serve --dir D\ncadastre serve --dir D --listen :8443 --tls-cert cert.pem --tls-key key.pem\ncadastre serve --dir D --log-entries public"},
		{
			ZH: "node.json 未指明凭据文件的 S3 存储，其密钥取自 CADASTRE_S3_ACCESS_KEY、CADASTRE_S3_SECRET_KEY、CADASTRE_S3_SESSION_TOKEN。",
			EN: "If node.json names no file with credentials for its S3 store, they come from CADASTRE_S3_ACCESS_KEY, CADASTRE_S3_SECRET_KEY and CADASTRE_S3_SESSION_TOKEN.",
		},
	}
}

// Run serves until the context ends.
func (c *serveCmd) Run(p *program) error {
	nothing := slices.Equal(c.Last, []string{"nobody"})
	var held []string
	if !nothing {
		var err error
		if held, err = readFiles(c.Last); err != nil {
			return err
		}
	}
	log, level := c.open(p.err)
	defer switchLevel(p.ctx, level, log)()
	defer context.AfterFunc(p.ctx, func() { log.InfoContext(p.ctx, "stopping") })()
	measure, stop, err := tracing.Start(p.ctx, os.Getenv, version(), log)
	if err != nil {
		return err
	}
	defer stop(context.WithoutCancel(p.ctx))
	log.InfoContext(p.ctx, "starting", slog.String("version", version()), slog.String("dir", c.Dir))
	n, err := node.Open(p.ctx, node.Options{
		Dir: c.Dir, Held: held, NothingHeld: nothing, Store: storeCredentials(), PublicEntries: c.LogEntries == "public", AcceptClock: c.AcceptClock, Log: log,
		Now: now, Version: version(), Checkers: verdict.Checkers(),
	})
	if err != nil {
		return err
	}
	ready := func(url string) {
		p.moveProfiles(c.Dir, url)
		if c.LogFormat != "json" { // each line of that is JSON
			fmt.Fprintf(p.err, "%s%s\n", p.say("数籍已启动：", "Cadastre is serving: "), url)
		}
		log.InfoContext(p.ctx, "serving", slog.String("url", url))
	}
	services := n.Services()
	services.Trace = measure
	err = web.New(services).Serve(p.ctx, web.Listen{Address: c.Listen, Cert: c.TLSCert, Key: c.TLSKey, BehindProxy: c.BehindProxy}, ready)
	err = errors.Join(err, n.Close(context.WithoutCancel(p.ctx)))
	if err == nil {
		log.InfoContext(p.ctx, "stopped")
	}
	return err
}
