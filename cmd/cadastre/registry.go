package main

import (
	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type registryCmd struct {
	Search       searchCmd       `cmd:"" help:"Search what is registered."`
	Show         resourceShowCmd `cmd:"" help:"Show a resource."`
	Certificate  certificateCmd  `cmd:"" help:"Show a certificate by its code."`
	Notices      noticesCmd      `cmd:"" help:"List public notices."`
	Applications applicationsCmd `cmd:"" help:"Applications: yours, or those of your registry body."`
	Import       importCmd       `cmd:"" help:"Apply for every record of a catalog."`
	Deposit      depositCmd      `cmd:"" help:"Deposit a hash before applying (R7)."`
	Submit       submitCmd       `cmd:"" help:"Apply for the initial registration of a resource."`
	Resubmit     resubmitCmd     `cmd:"" help:"Answer a return with the whole application anew."`

	kong.Plugins // the plain acts (fill)

	Return returnCmd `cmd:"" help:"Give an application back with all its defects (registry body)."`
	Refuse refuseCmd `cmd:"" help:"Refuse an application (registry body)."`
	Pass   passCmd   `cmd:"" help:"Pass the formal examination (registry body)."`
	Fail   failCmd   `cmd:"" help:"Fail the formal examination (registry body)."`
	Object objectCmd `cmd:"" help:"Object to a notice, under one's real name."`
	Decide decideCmd `cmd:"" help:"Decide an objection (registry body)."`
	Code   codeCmd   `cmd:"" help:"Give the code that ends a registration (registry body)."`
}

type searchCmd struct {
	Words  string        `arg:"" optional:"" help:"Words, Chinese or English, any part of a title."`
	Domain string        `help:"Only this domain, such as transport." placeholder:"DOMAIN"`
	Region ledger.Region `help:"Only this region, GB/T 2260." placeholder:"CODE"`
	Holder ledger.ID     `help:"Only this holder's." placeholder:"ID"`
	State  string        `help:"Only in this state, such as active." placeholder:"STATE"`
	paging
}

// Help shows a search and its next page.
func (searchCmd) Help() string {
	return `cadastre registry search 公交 --region 430300
cadastre registry search --domain transport --limit 100 --json`
}

// Run searches.
func (c *searchCmd) Run(p *program) error {
	return p.list(c.query("/v1/resources", "q", c.Words, "domain", c.Domain, "region", string(c.Region),
		"holder", string(c.Holder), "state", c.State), "cad_code", "status", "resource", "title")
}

type resourceShowCmd struct {
	ID ledger.ID `arg:"" help:"Id of the resource."`
}

// Run shows a resource.
func (c *resourceShowCmd) Run(p *program) error { return p.show(at("resources", c.ID)) }

type certificateCmd struct {
	Code string `arg:"" help:"The code, such as 430300-1-20261015-5QZX48TR-S."`
}

// Run shows a certificate.
func (c *certificateCmd) Run(p *program) error { return p.show(at("certificates", c.Code)) }

type noticesCmd struct{ paging }

// Run lists notices.
func (c *noticesCmd) Run(p *program) error {
	return p.list(c.query("/v1/notices"), "application", "until", "registrant", "name")
}

type applicationsCmd struct {
	List applicationListCmd `cmd:"" help:"List applications."`
	Show applicationShowCmd `cmd:"" help:"Show an application."`
}

type applicationListCmd struct {
	State ledger.ApplicationState `help:"Only in this state, such as submitted." placeholder:"STATE"`
	paging
}

// Run lists applications.
func (c *applicationListCmd) Run(p *program) error {
	return p.list(c.query("/v1/applications", "state", string(c.State)), "id", "state", "received_on", "resource.title")
}

type applicationShowCmd struct {
	ID ledger.ID `arg:"" help:"Id of the application."`
}

// Run shows an application.
func (c *applicationShowCmd) Run(p *program) error { return p.show(at("applications", c.ID)) }

type depositCmd struct {
	File   string        `arg:"" optional:"" help:"File to deposit by its hash; it stays here." type:"existingfile"`
	SHA256 ledger.Digest `name:"sha256" help:"The hash, where the file is elsewhere." placeholder:"SHA256"`
	Bytes  int64         `help:"Its size, with --sha256." placeholder:"N"`
	writing
}

// Help shows both ways.
func (depositCmd) Help() string {
	return `cadastre registry deposit sample.csv --profile holder.json
cadastre registry deposit --sha256 9f86… --bytes 1024 --profile holder.json`
}

// Run deposits.
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
	File string `arg:"" help:"Arguments as JSON; ids and publisher may be left out; - is standard input."`
	writing
}

// Help says what a file holds.
func (submitCmd) Help() string {
	return `cadastre registry submit application.json --profile holder.json
The file has body, resource, deposit_hash, materials and internal_review.
Deposit the hash first: cadastre registry deposit.`
}

// Run submits.
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

// own fills an id that a file left out.
func own(id *ledger.ID, with func() ledger.ID) {
	if *id == "" {
		*id = with()
	}
}

type resubmitCmd struct {
	File string `arg:"" help:"The whole application as JSON; - is standard input."`
	answering
	writing
}

// Run resubmits.
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
