package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/ledger"
)

// place says where the records of a kind are found: in which group of commands,
// and in which collection of the API.
type place struct{ group, collection string }

// places are the kinds whose group is not called after them.
var places = map[string]place{
	ledger.KindApplication: {"registry", "applications"},
	ledger.KindEntry:       {"registry", "entries"},
	ledger.KindParty:       {"party", "parties"},
}

// placeOf returns where the records of a kind are found.
func placeOf(kind string) place {
	if p, ok := places[kind]; ok {
		return p
	}
	return place{kind, kind + "s"}
}

// actCmd is the command of an act whose arguments are an id and the version of the
// record that it answers. The table of acts says all else.
type actCmd struct {
	ID ledger.ID `arg:"" help:"Id of the record."`
	answering
	writing
	act ledger.Act
}

// groundCmd is the command of an act that also needs a ground.
type groundCmd struct {
	actCmd
	Ground string `required:"" help:"Why, as a short word (letters, digits . _ : / -)." placeholder:"WORD"`
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

// Help shows the act by a party of the first role that may do it.
func (c *actCmd) Help() string { return c.example("") }

// Help shows the act with a ground.
func (c *groundCmd) Help() string { return c.example(" --ground WORD") }

func (c *actCmd) example(flags string) string {
	who := "party"
	if len(c.act.Who) > 0 {
		who = string(c.act.Who[0].Role)
	}
	return strings.TrimSpace(fmt.Sprintf("cadastre %s %s ID%s --profile %s.json\n%s", placeOf(c.act.On).group, verbOf(c.act), flags, who, c.act.Note.EN))
}

// verbOf is the act's name as a command.
func verbOf(a ledger.Act) string {
	_, verb, _ := strings.Cut(string(a.Name), ".")
	return strings.ReplaceAll(verb, "_", "-")
}

// isPlain reports whether an act takes nothing but an id, the version that it
// answers, and perhaps a ground.
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

// fill gives every group of commands those that follow from the table of acts:
// all plain acts of its records for which it has no command of its own. A kind of
// record that has no group gets one.
func (c *commands) fill() {
	groups := map[string]*kong.Plugins{
		"party": &c.Party.Plugins, "registry": &c.Registry.Plugins, "license": &c.License.Plugins,
		"product": &c.Product.Plugins, "content": &c.Product.Content.Plugins, "order": &c.Order.Plugins,
	}
	own := map[string]any{
		"party": c.Party, "registry": c.Registry, "license": c.License, "product": c.Product, "content": c.Product.Content, "order": c.Order,
	}
	fillGroups(ledger.Acts(), groups, own, &c.Plugins)
}

// newGroup is the group of a kind of record that has none of its own.
type newGroup struct{ kong.Plugins }

func fillGroups(acts []ledger.Act, groups map[string]*kong.Plugins, own map[string]any, root *kong.Plugins) {
	for _, a := range acts {
		ground, plain := isPlain(a)
		group := placeOf(a.On).group
		if !plain || hasCommand(own[group], verbOf(a)) {
			continue
		}
		if groups[group] == nil {
			g := newCommand(group, "Records of kind "+group+".", reflect.ValueOf(&newGroup{}))
			*root = append(*root, g)
			inside, _ := reflect.TypeAssert[*newGroup](reflect.ValueOf(g).Elem().Field(0).Addr())
			groups[group] = &inside.Plugins
		}
		var cmd reflect.Value
		if ground {
			cmd = reflect.ValueOf(&groundCmd{actCmd: actCmd{act: a}})
		} else {
			cmd = reflect.ValueOf(&actCmd{act: a})
		}
		*groups[group] = append(*groups[group], newCommand(verbOf(a), a.Title.EN+rolesOf(a)+". "+a.Title.ZH+"。", cmd))
	}
}

// newCommand returns a struct with one command in it, as kong takes it.
func newCommand(name, help string, cmd reflect.Value) any {
	t := reflect.StructOf([]reflect.StructField{{
		Name: "Command", Type: cmd.Type().Elem(), Tag: reflect.StructTag(fmt.Sprintf(`cmd:"" name:%q help:%q`, name, help)),
	}})
	v := reflect.New(t)
	v.Elem().Field(0).Set(cmd.Elem())
	return v.Interface()
}

// hasCommand reports whether a group has a command of its own by that name.
func hasCommand(group any, name string) bool {
	if group == nil {
		return false
	}
	for f := range reflect.TypeOf(group).Fields() {
		if _, ok := f.Tag.Lookup("cmd"); ok && dashed(f.Name) == name {
			return true
		}
	}
	return false
}

// dashed is the name that kong gives the command of a field.
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

// rolesOf lists who may do an act, in brackets.
func rolesOf(a ledger.Act) string {
	var words []string
	for _, r := range a.Roles() {
		words = append(words, strings.ReplaceAll(string(r), "_", " "))
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
