package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// place is where the records of a kind are: the group of commands, and the collection of
// the API.
type place struct{ group, collection string }

// places are the kinds whose group has another name.
var places = map[string]place{
	ledger.KindApplication: {"registry", "applications"},
	ledger.KindEntry:       {"registry", "entries"},
	ledger.KindParty:       {"party", "parties"},
	ledger.KindContent:     {"product content", "contents"},
	ledger.KindEnvironment: {"license environment", "environments"},
}

// placeOf returns the place of a kind.
func placeOf(kind string) place {
	if p, ok := places[kind]; ok {
		return p
	}
	return place{dash(kind), kind + "s"}
}

// withPage are the plain acts that have a command written by hand.
var withPage = []ledger.Function{ledger.FnContentRemove} // whose record is found by its subject

// actCmd is the command of an act whose arguments are an id and the version of the record
// that it is based on. Everything else is in the table of acts.
type actCmd struct {
	ID ledger.ID `arg:"" zh:"记录的编号" en:"Id of the record."`
	answering
	writing
	act  ledger.Act
	path string // the command with the groups above it
}

// groundCmd is the command of an act that also needs a ground.
type groundCmd struct {
	actCmd
	Ground string `required:"" zh:"理由，用一个短词（字母、数字与 . _ : / -）" en:"Why, as a short word (letters, digits . _ : / -)." placeholder:"WORD"`
}

// Run does the act.
func (c *actCmd) Run(p *program) error { return c.do(p, "") }

// Run does the act on the ground.
func (c *groundCmd) Run(p *program) error { return c.do(p, c.Ground) }

func (c *actCmd) do(p *program, ground string) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	cited, err := c.cited(p.ctx, cl, at(placeOf(c.act.On).collection, c.ID))
	if err != nil {
		return err
	}
	args := c.act.Args()
	for member, value := range map[string]string{c.act.ID: string(c.ID), "answers": string(cited), "ground": ground} {
		if m, ok := ledger.Member(args, member); ok {
			m.SetString(value)
		}
	}
	return p.callBy(cl, c.act.Name, args)
}

// Page shows an example with the first role that may do the act.
func (c *actCmd) Page() terminal.Page { return c.example("") }

// Page shows an example with a ground.
func (c *groundCmd) Page() terminal.Page { return c.example(" --ground WORD") }

func (c *actCmd) example(flags string) terminal.Page {
	who := "party"
	if roles := c.act.Roles(); len(roles) > 0 {
		who = string(roles[0])
	}
	page := terminal.Page{{Lines: fmt.Sprintf("cadastre %s ID%s --profile %s.json", c.path, flags, who)}}
	if c.act.Note != (ledger.Words{}) {
		page = append(page, terminal.Part{ZH: c.act.Note.ZH, EN: c.act.Note.EN})
	}
	return page
}

// verbOf returns the verb in the act's name, as a command.
func verbOf(a ledger.Act) string {
	_, verb, ok := strings.Cut(string(a.Name), ".")
	if !ok {
		verb = string(a.Name)
	}
	return dash(verb)
}

// dash writes a word of the ledger as a command.
func dash(word string) string { return strings.NewReplacer("_", "-", ".", "-").Replace(word) }

// isPlain reports whether an act takes only an id, the version that it is based on, and
// perhaps a ground.
func isPlain(a ledger.Act) (ground, plain bool) {
	if a.On == "" || !a.Answers() {
		return false, false
	}
	for _, f := range ledger.FieldsOf(a.Args()) {
		switch f.Name {
		case a.ID, "answers":
		case "ground":
			ground = true
		default:
			return false, false
		}
	}
	return ground, true
}

// group is a group of commands to which plain acts can be added.
type group struct {
	path  string
	more  *kong.Plugins
	taken map[string]bool // names of its commands
}

// groups are the groups of commands by path; the program itself is at "".
type groups map[string]*group

// fill adds the plain acts to the groups of commands. An act that has a page is
// left out. A kind of record without a group gets one.
func (c *commands) fill() { groupsOf(c).fill(ledger.Acts()) }

// groupsOf finds the groups in a struct of commands.
func groupsOf(commands any) groups {
	all := groups{}
	all.find("", reflect.ValueOf(commands).Elem())
	return all
}

func (all groups) find(path string, v reflect.Value) {
	g := &group{path: path, taken: map[string]bool{}}
	for f, value := range v.Fields() {
		name, ok := commandName(f)
		switch {
		case ok:
			g.taken[name] = true
			all.find(strings.TrimSpace(path+" "+name), value)
		case f.Anonymous && f.Type == reflect.TypeFor[kong.Plugins]():
			g.more, _ = reflect.TypeAssert[*kong.Plugins](value.Addr())
		}
	}
	if g.more != nil {
		all[path] = g
	}
}

func (all groups) fill(acts []ledger.Act) {
	for _, a := range acts {
		if ground, plain := isPlain(a); plain && !slices.Contains(withPage, a.Name) {
			all.add(a, ground)
		}
	}
}

// add adds the command of an act to the group of its record. The command has the whole
// name of the act if the group already has a command of the short name, or if the group's
// name is that of a command.
func (all groups) add(a ledger.Act, ground bool) {
	path, name, root := placeOf(a.On).group, verbOf(a), all[""]
	g := all[path]
	switch {
	case g == nil && root.taken[path]:
		g, name = root, dash(string(a.Name))
	case g == nil:
		g = root.begin(path, a.On)
		all[path] = g
	case g.taken[name]:
		name = dash(string(a.Name))
	}
	cmd := actCmd{act: a, path: strings.TrimSpace(g.path + " " + name)}
	v := reflect.ValueOf(&cmd)
	if ground {
		v = reflect.ValueOf(&groundCmd{actCmd: cmd})
	}
	g.put(name, titleOf(a), v)
}

// newGroup is the group of a kind of record without commands in this program.
type newGroup struct{ kong.Plugins }

// begin adds an empty group for a kind of record, and returns it.
func (g *group) begin(name, kind string) *group {
	v := g.put(name, ledger.Words{ZH: words.Kind("zh", kind), EN: "Records of kind " + kind + "."}, reflect.ValueOf(&newGroup{}))
	inside, _ := reflect.TypeAssert[*newGroup](v)
	return &group{path: name, more: &inside.Plugins, taken: map[string]bool{}}
}

// put adds a command to the group, and returns a pointer to it.
func (g *group) put(name string, help ledger.Words, cmd reflect.Value) reflect.Value {
	g.taken[name] = true
	c := newCommand(name, help, cmd)
	*g.more = append(*g.more, c)
	return reflect.ValueOf(c).Elem().Field(0).Addr()
}

// newCommand returns a struct with one command, in the form that kong needs.
func newCommand(name string, help ledger.Words, cmd reflect.Value) any {
	t := reflect.StructOf([]reflect.StructField{{
		Name: "Command", Type: cmd.Type().Elem(), Tag: reflect.StructTag(fmt.Sprintf(`cmd:"" name:%q zh:%q en:%q`, name, help.ZH, help.EN)),
	}})
	v := reflect.New(t)
	v.Elem().Field(0).Set(cmd.Elem())
	return v.Interface()
}

// commandName returns the name of the command in a field, if the field is a command.
func commandName(f reflect.StructField) (name string, ok bool) {
	if _, ok := f.Tag.Lookup("cmd"); !ok {
		return "", false
	}
	if name, ok := f.Tag.Lookup("name"); ok {
		return name, true
	}
	return dashed(f.Name), true
}

// dashed returns the name that kong gives to the command of a field.
func dashed(field string) string {
	var b strings.Builder
	for i, r := range field {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// titleOf returns the title of an act, with the roles that may do it in brackets.
func titleOf(a ledger.Act) ledger.Words {
	var zh, en []string
	list, _ := ledger.EnumOf("roles")
	for _, r := range a.Roles() {
		w := list.Words(string(r))
		zh, en = append(zh, w.ZH), append(en, strings.ToLower(w.EN))
	}
	if len(zh) == 0 {
		return ledger.Words{ZH: a.Title.ZH, EN: a.Title.EN + "."}
	}
	return ledger.Words{ZH: a.Title.ZH + "（" + strings.Join(zh, "、") + "）", EN: a.Title.EN + " (" + strings.Join(en, ", ") + ")."}
}
