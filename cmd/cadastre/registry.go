package main

import (
	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

type registryCmd struct {
	Search       searchCmd       `cmd:"" zh:"检索已登记的资源" en:"Search registered resources." example:"cadastre registry search 公交 --region 430300\ncadastre registry search --domain transport --limit 100 --json"`
	Show         resourceShowCmd `cmd:"" zh:"查看资源" en:"Show a resource." example:"cadastre registry show ID"`
	Certificate  certificateCmd  `cmd:"" zh:"按编码查看登记结果凭证" en:"Show a certificate by its code." example:"cadastre registry certificate 430300-1-20261125-PKHW08AS-J"`
	Notices      noticesCmd      `cmd:"" zh:"列出公示" en:"List public notices." example:"cadastre registry notices --status running --limit 100"`
	Applications applicationsCmd `cmd:"" zh:"登记申请：本单位的，或本登记机构受理的" en:"Applications: yours, or those at your registry body."`
	Import       importCmd       `cmd:"" zh:"为目录中的每条记录申请登记" en:"Apply for the registration of every record of a catalog."`
	Deposit      depositCmd      `cmd:"" zh:"申请之前先存证哈希（办法第七条）" en:"Deposit a hash before applying (article 7 of the measures)." example:"cadastre registry deposit sample.csv --profile holder.json\ncadastre registry deposit --sha256 9f86… --bytes 1024 --profile holder.json"`
	Submit       submitCmd       `cmd:"" zh:"申请资源的首次登记" en:"Apply for the initial registration of a resource."`
	Resubmit     resubmitCmd     `cmd:"" zh:"按补正告知重新提交全部申请" en:"Submit the whole application again after a return." example:"cadastre registry resubmit application.json --profile holder.json"`

	kong.Plugins // the plain acts (fill)

	Return returnCmd `cmd:"" zh:"一次性告知全部应补正事项（登记机构）" en:"Return an application with all its defects (registry body)."`
	Refuse refuseCmd `cmd:"" zh:"不予受理（登记机构）" en:"Refuse an application (registry body)." example:"cadastre registry refuse ID --reason source_unlawful --profile body.json"`
	Pass   passCmd   `cmd:"" zh:"形式审核通过并公示（登记机构）" en:"Pass the formal examination (registry body)." example:"cadastre registry pass ID --profile body.json"`
	Fail   failCmd   `cmd:"" zh:"形式审核不通过（登记机构）" en:"Fail the formal examination (registry body)." example:"cadastre registry fail ID --reason nonconforming --profile body.json"`
	Object objectCmd `cmd:"" zh:"对公示实名提出异议" en:"Object to a notice, under one's real name." example:"cadastre registry object APPLICATION --ground ownership_dispute --evidence contract.pdf --profile other.json"`
	Decide decideCmd `cmd:"" zh:"处理异议（登记机构）" en:"Decide an objection (registry body)." example:"cadastre registry decide ID --objection ID --reason 证据不足 --profile body.json\ncadastre registry decide ID --objection ID --upheld --reason 权属有争议 --profile body.json"`
	Code   codeCmd   `cmd:"" zh:"赋码，完成登记（登记机构）" en:"Assign the code, which completes a registration (registry body)." example:"cadastre registry code ID --profile body.json"`
}

type searchCmd struct {
	Words  string        `arg:"" optional:"" zh:"检索词，中文或英文，标题的任一部分" en:"Words in Chinese or English, any part of a title."`
	Domain string        `zh:"只列该领域" en:"Only this domain" values:"domains" placeholder:"DOMAIN"`
	Region ledger.Region `zh:"只列该区划（GB/T 2260）" en:"Only this region, GB/T 2260." placeholder:"CODE"`
	Holder ledger.ID     `zh:"只列该持有单位的" en:"Only resources of this holder." placeholder:"ID"`
	State  string        `zh:"只列此状态" en:"Only in this state" values:"entry_statuses" placeholder:"STATE"`
	paging
}

// Run searches the register.
func (c *searchCmd) Run(p *program) error {
	return p.list(c.query("/v1/resources", "q", c.Words, "domain", c.Domain, "region", string(c.Region),
		"holder", string(c.Holder), "state", c.State), registry.Summary{}, "cad_code", "status", "resource", "title")
}

type resourceShowCmd struct {
	ID ledger.ID `arg:"" zh:"资源的编号" en:"Id of the resource."`
}

// Run shows a resource.
func (c *resourceShowCmd) Run(p *program) error {
	return p.show(at("resources", c.ID), registry.Summary{})
}

type certificateCmd struct {
	Code string `arg:"" zh:"编码，如 430300-1-20261015-5QZX48TR-S" en:"The code, such as 430300-1-20261015-5QZX48TR-S."`
}

// Run shows a certificate.
func (c *certificateCmd) Run(p *program) error {
	return p.show(at("certificates", c.Code), registry.Certificate{})
}

type noticesCmd struct {
	paging
	Status registry.NoticeStatus `zh:"只列此当日状态" en:"Only with this status today." values:"notice_statuses" placeholder:"STATUS"`
}

// Run lists notices.
func (c *noticesCmd) Run(p *program) error {
	return p.list(c.query("/v1/notices", "status", string(c.Status)), registry.Notice{}, "application", "status", "until", "registrant", "name")
}

type applicationsCmd struct {
	List applicationListCmd `cmd:"" zh:"列出登记申请" en:"List applications." example:"cadastre registry applications list --state submitted --profile body.json"`
	Show applicationShowCmd `cmd:"" zh:"查看登记申请" en:"Show an application." example:"cadastre registry applications show ID --profile body.json --json"`
}

type applicationListCmd struct {
	State ledger.ApplicationState `zh:"只列此状态" en:"Only in this state" values:"application_states" placeholder:"STATE"`
	paging
}

// Run lists applications.
func (c *applicationListCmd) Run(p *program) error {
	return p.list(c.query("/v1/applications", "state", string(c.State)), ledger.ApplicationDetail{}, "id", "state", "received_on", "resource.title")
}

type applicationShowCmd struct {
	ID ledger.ID `arg:"" zh:"登记申请的编号" en:"Id of the application."`
}

// Run shows an application.
func (c *applicationShowCmd) Run(p *program) error {
	return p.show(at("applications", c.ID), ledger.ApplicationDetail{})
}

type depositCmd struct {
	File   string        `arg:"" optional:"" zh:"以其哈希存证的文件；文件留在本机" en:"File whose hash is deposited; the file itself is not sent." type:"existingfile"`
	SHA256 ledger.Digest `name:"sha256" zh:"哈希（文件不在本机时）" en:"The hash, if the file is elsewhere." placeholder:"SHA256"`
	Bytes  int64         `zh:"文件大小（字节），与 --sha256 同用" en:"Its size in bytes, with --sha256." placeholder:"N"`
	writing
}

// Run deposits the hash.
func (c *depositCmd) Run(p *program) error {
	a := ledger.DepositArgs{SHA256: c.SHA256, Bytes: c.Bytes}
	if c.File != "" {
		if c.SHA256 != "" {
			return ledger.Invalid("sha256", "file_or_hash")
		}
		var err error
		if a.SHA256, a.Bytes, err = hashFile(c.File); err != nil {
			return err
		}
	}
	if err := a.SHA256.Validate("sha256"); err != nil {
		return err
	}
	return p.call(ledger.FnDeposit, a)
}

type submitCmd struct {
	File string `arg:"" zh:"参数（JSON），编号与发布单位可省略；- 为标准输入" en:"Arguments as JSON; ids and publisher are optional; - is standard input."`
	writing
}

// Page describes the file.
func (submitCmd) Page() terminal.Page {
	members := membersOf(ledger.AppSubmitArgs{})
	return terminal.Page{
		{Lines: "cadastre registry submit application.json --profile holder.json"},
		{
			ZH: "文件的成员：" + members + "。请先存证哈希：", EN: "Members of the file: " + members + ". Deposit the hash first:",
			Lines: "cadastre registry deposit FILE",
		},
	}
}

// Run submits the application.
func (c *submitCmd) Run(p *program) error {
	var a ledger.AppSubmitArgs
	if err := readArgs(c.File, &a, "application", "resource.id", "resource.publisher"); err != nil {
		return err
	}
	prof, err := p.profile()
	if err != nil {
		return err
	}
	own(&a.Application, client.NewID)
	own(&a.Resource.ID, client.NewID)
	own(&a.Resource.Publisher, func() ledger.ID { return prof.Party })
	return p.call(ledger.FnAppSubmit, a)
}

// own sets an id that the file does not have.
func own(id *ledger.ID, with func() ledger.ID) {
	if *id == "" {
		*id = with()
	}
}

type resubmitCmd struct {
	File string `arg:"" zh:"全部申请（JSON）；- 为标准输入" en:"The whole application as JSON; - is standard input."`
	answering
	writing
}

// Run submits the application again.
func (c *resubmitCmd) Run(p *program) error {
	var a ledger.AppResubmitArgs
	if err := readArgs(c.File, &a, "answers"); err != nil {
		return err
	}
	cl, err := p.actor()
	if err != nil {
		return err
	}
	if a.Answers == "" || c.Answers != "" {
		if a.Answers, err = c.cited(p.ctx, cl, at("applications", a.Application)); err != nil {
			return err
		}
	}
	return p.callBy(cl, ledger.FnAppResubmit, a)
}
