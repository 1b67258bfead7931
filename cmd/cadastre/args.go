package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// maxArgs is the most bytes of a file of arguments. A call is smaller.
const maxArgs = 4 << 20

// say returns the sentence in the user's language.
func (p *program) say(zh, en string) string {
	if p.Lang == "en" {
		return en
	}
	return zh
}

// json prints v as JSON.
func (p *program) json(v any) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return words.Errorf("输出：%v", "print: %v", err)
	}
	return nil
}

// line prints one line of the result.
func (p *program) line(format string, args ...any) error {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil {
		return words.Errorf("输出：%v", "print: %v", err)
	}
	return nil
}

// profile reads the file that --profile names. Its node is the one that --url names, if
// given.
func (p *program) profile() (client.Profile, error) {
	if p.Profile == "" {
		return client.Profile{}, errors.New(p.say("此命令需要单位的身份文件：请用 --profile 指定，或先运行 cadastre keygen",
			"this command needs the profile of a party: name it with --profile, or make one with cadastre keygen"))
	}
	prof, err := client.LoadProfile(p.Profile)
	if p.URL != "" {
		prof.URL = p.URL
	}
	prof.Nodes = append(p.nodes(), prof.Nodes...)
	return prof, err
}

// nodes returns the other nodes that --node names.
func (p *program) nodes() []trace.Place {
	var list []trace.Place
	for _, origin := range slices.Sorted(maps.Keys(p.Node)) {
		list = append(list, trace.Place{Origin: origin, URL: p.Node[origin]})
	}
	return list
}

// client returns a client for the profile. Without a profile it reads what is public.
func (p *program) client() (*client.Client, error) {
	if p.Profile == "" {
		where := p.URL
		if where == "" {
			where = "http://" + defaultListen
		}
		return p.clientOf(client.Profile{URL: where, Nodes: p.nodes()})
	}
	return p.actor()
}

// actor returns a client for the profile, which must be given.
func (p *program) actor() (*client.Client, error) {
	prof, err := p.profile()
	if err != nil {
		return nil, err
	}
	return p.clientOf(prof)
}

// clientOf returns a client for a profile. It says so when the node has it wait.
func (p *program) clientOf(prof client.Profile) (*client.Client, error) {
	c, err := client.New(prof, p.Lang, now)
	if err == nil {
		c.OnWait(terminal.Waits(p.err, p.Lang))
	}
	return c, err
}

// call signs args as the profile's party, sends them and prints what was recorded.
func (p *program) call(fn ledger.Function, args any) error {
	c, err := p.actor()
	if err != nil {
		return err
	}
	return p.callBy(c, fn, args)
}

func (p *program) callBy(c *client.Client, fn ledger.Function, args any) error {
	return p.callWith(c, fn, args, nil)
}

// callWith is callBy with further results: more, if set, returns them.
func (p *program) callWith(c *client.Client, fn ledger.Function, args any, more func() []named) error {
	out, err := p.send(c, client.NewID(), fn, args)
	if err != nil {
		return err
	}
	ids := made(fn, args)
	if more != nil {
		ids = append(ids, more()...)
	}
	return p.recorded(fn, ids, out)
}

// send checks the form of args before it sends them, so that a mistake costs no request.
func (p *program) send(c *client.Client, id ledger.ID, fn ledger.Function, args any) (client.Outcome, error) {
	if v, ok := args.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return client.Outcome{}, terminal.OfForm(err, args)
		}
	}
	if p.checking {
		return client.Outcome{}, p.ask(c, fn, args)
	}
	out, err := c.CallAs(p.ctx, id, fn, args)
	var answer *client.Problem
	if err != nil && !errors.As(err, &answer) && errors.Is(err, ledger.Unavailable) && !client.NotSent(err) {
		return out, fmt.Errorf("%s: %w", fmt.Sprintf(p.say("请求 %s 是否已记录尚不清楚；用 cadastre call --id 以同一编号再次提交即可得知",
			"it is not known whether call %s is recorded; cadastre call --id with that id sends it again, and it is recorded only once"), id), err)
	}
	return out, err
}

// recorded prints an outcome with the ids that the args made.
func (p *program) recorded(fn ledger.Function, ids []named, out client.Outcome) error {
	if p.JSON {
		return p.json(answerOf(fn, ids, out))
	}
	word := p.say("已记录", "Recorded")
	if out.Repeated {
		word = p.say("此前已记录", "Recorded before")
	}
	if err := p.line("%s%s", p.say(word+"：", word+": "), words.Act(p.Lang, fn)); err != nil {
		return err
	}
	rows := [][]string{{"  " + p.say("时间", "time"), terminal.Moment(p.Lang, out.Time)}, {"  " + p.say("位置", "position"), strconv.FormatUint(out.Position.Block, 10)}}
	for _, id := range ids {
		rows = append(rows, []string{"  " + p.called(id.kind), p.worth(id)})
	}
	return terminal.Table(p.out, append(rows, []string{"  " + p.say("请求", "call"), string(out.Call)}))
}

// called returns the label of a result of a call.
func (p *program) called(kind string) string {
	switch kind {
	case "objection":
		return p.say("异议", "objection")
	case "cad_code":
		return p.say("平台编号", "code")
	case "total_fen":
		return p.say("总价", "total")
	case "object":
		return p.say("对象", "object")
	case "sha256":
		return "SHA-256"
	}
	return words.Kind(p.Lang, kind)
}

// worth returns the value of a result of a call: an amount in yuan, anything else
// unchanged.
func (p *program) worth(of named) string {
	if of.kind != "total_fen" {
		return of.id
	}
	fen, err := strconv.ParseInt(of.id, 10, 64)
	if err != nil {
		return of.id
	}
	return terminal.Money(p.Lang, ledger.Fen(fen))
}

func answerOf(fn ledger.Function, ids []named, out client.Outcome) map[string]any {
	m := map[string]any{
		"function": fn, "call": out.Call, "position": out.Position, "time": out.Time,
		"payload": out.Payload, "event": out.Event,
	}
	if out.Repeated {
		m["repeated"] = true
	}
	for _, id := range ids {
		m[id.kind] = id.id
	}
	return m
}

// named is an id with the kind of its record.
type named struct{ kind, id string }

// made returns the ids of the records that a call makes or changes, from its args.
func made(fn ledger.Function, args any) []named {
	switch a := args.(type) {
	case ledger.PartyAdmitArgs:
		if prof, err := ledger.ParseProfile(ledger.Standard(), a.Application); err == nil {
			return []named{{ledger.KindParty, string(prof.ID)}}
		}
		return nil
	case ledger.DepositArgs:
		return []named{{ledger.KindDeposit, string(a.SHA256)}}
	}
	var m struct {
		ID          string `json:"id"`
		Party       string `json:"party"`
		Application string `json:"application"`
		Objection   string `json:"objection"`
		Resource    struct {
			ID string `json:"id"`
		} `json:"resource"`
	}
	b, err := json.Marshal(args)
	if err != nil || json.Unmarshal(b, &m) != nil {
		return nil
	}
	kind, _, _ := strings.Cut(string(fn), ".")
	ids := []named{
		{kind, m.ID},
		{ledger.KindParty, m.Party},
		{ledger.KindApplication, m.Application},
		{"objection", m.Objection},
		{ledger.KindResource, m.Resource.ID},
	}
	found := ids[:0]
	for _, id := range ids {
		if id.id != "" {
			found = append(found, id)
		}
	}
	return found
}

// readFile reads a file of at most limit bytes. "-" is standard input.
func readFile(file string, limit int64) ([]byte, error) { //nolint:unparam // callers choose the limit
	var r io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, words.Errorf("读取：%v", "read: %v", err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, words.Errorf("读取 %s：%v", "read %s: %v", file, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s: %w", file, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).With("limit", strconv.FormatInt(limit, 10)))
	}
	return b, nil
}

// readArgs reads the arguments of a call strictly: no member may be unknown or repeated.
// The command itself sets the members in filled if the file does not have them.
func readArgs(file string, v any, filled ...string) error {
	b, err := readFile(file, maxArgs)
	if err != nil {
		return err
	}
	if err := without(ledger.DecodeStrict(b, v), filled); err != nil {
		return fmt.Errorf("%s: %w", file, terminal.OfForm(err, v))
	}
	return nil
}

// without removes the faults of missing members that the command sets later.
func without(err error, filled []string) error {
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	var rest []error
	for _, one := range e.All() {
		missing := one.Rule == "required" || one.Param("value") == "0"
		if !missing || !slices.Contains(filled, one.Field) {
			rest = append(rest, one)
		}
	}
	return ledger.Join(rest...)
}

// salted returns the salted hash of a text that does not go to the ledger, and nil for no
// text.
func salted(text string) (*ledger.Salted, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no text, nothing to bind
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, words.Errorf("生成盐值：%v", "salt: %v", err)
	}
	s := ledger.Salt(salt, text)
	return &s, nil
}

// showSalted asks the user to save a text of which the ledger has only the salted hash.
func (p *program) showSalted(text string, s *ledger.Salted) {
	if s == nil || p.checking {
		return
	}
	fmt.Fprintf(p.err, p.say("账本只记录下列文字的加盐哈希，请自行保存：\n  盐值 %s\n  文字 %s\n",
		"The ledger has only the salted hash of this text. Save it:\n  salt %s\n  text %s\n"), s.Salt, text)
}

// digest returns a SHA-256 that is given as such, or that of the file with this name.
func digest(s string) (ledger.Digest, error) {
	if d := ledger.Digest(s); d.Validate("sha256") == nil {
		return d, nil
	}
	d, _, err := hashFile(s)
	return d, err
}

// purpose parses CLASS/CODE.
func purpose(s string) (ledger.Purpose, error) {
	class, code, _ := strings.Cut(s, "/")
	p := ledger.Purpose{Class: ledger.PurposeClass(class), Code: code}
	return p, p.Validate("purpose", true)
}

// answering is the flag for the payload hash of the version that a call is based on.
type answering struct {
	Answers ledger.Digest `zh:"所依据版本的请求哈希；默认为该记录最新的" en:"Payload hash of the version that the call is based on; by default the record's newest." placeholder:"SHA256"`
}

// cited returns the payload hash to cite: the given one, or that of the record's current
// version at the node.
func (a answering) cited(ctx context.Context, c *client.Client, path string) (ledger.Digest, error) {
	if a.Answers != "" {
		return a.Answers, a.Answers.Validate("answers")
	}
	var r struct {
		Cite ledger.Cite `json:"cite"`
	}
	if err := c.Get(ctx, path, &r); err != nil {
		return "", err
	}
	if err := r.Cite.Payload.Validate("cite.payload"); err != nil {
		return "", words.Errorf("%s 未载明所依据的请求，请用 --answers 给出其哈希：%v", "%s names no call to cite: give its payload hash with --answers: %v", path, err)
	}
	return r.Cite.Payload, nil
}

// at returns the path of a record.
func at[T ~string](collection string, id T) string {
	return "/v1/" + collection + "/" + url.PathEscape(string(id))
}

// membersOf lists the members of the file from which a command reads its arguments.
func membersOf(args any) string {
	var names []string
	for _, f := range ledger.FieldsOf(args) {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
