package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
	mangokong "github.com/alecthomas/mango-kong"
	"github.com/muesli/roff"
	"github.com/willabides/kongplete"

	"github.com/datacadastre/cadastre/internal/terminal"
)

// complete answers a shell that asks for completions, with the commands and flags of the
// parser. Outside of a completion it does nothing.
func complete(parser *kong.Kong, exit func(int)) {
	kongplete.Complete(parser, kongplete.WithExitFunc(exit))
}

type completionCmd struct {
	Shell string `arg:"" zh:"bash、zsh 或 fish" en:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Page shows how to use it.
func (completionCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre completion bash >> ~/.bashrc\ncadastre completion zsh >> ~/.zshrc\ncadastre completion fish > ~/.config/fish/completions/cadastre.fish"},
		{ZH: "软件包已为 bash 安装补全。", EN: "The package has installed completion for bash."},
	}
}

// completions have the lines with which a shell asks this program what may come next.
var completions = map[string]string{
	"bash": "complete -C cadastre cadastre\n",
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\ncomplete -C cadastre cadastre\n",
	"fish": `function __complete_cadastre
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct); and set COMP_LINE "$COMP_LINE "
    cadastre
end
complete -f -c cadastre -a "(__complete_cadastre)"
`,
}

// Run prints the lines.
func (c *completionCmd) Run(p *program) error {
	return p.line("%s", strings.TrimSuffix(completions[c.Shell], "\n"))
}

type manCmd struct{}

// Run prints the manual page, in the form of man(7).
func (manCmd) Run(p *program, k *kong.Context) error {
	_, err := fmt.Fprintln(p.out, mangokong.NewManPage(1, k.Model).Build(roff.NewDocument()))
	return err
}

// versionFlag prints the version.
type versionFlag bool

// BeforeReset prints the version before anything else is checked.
func (versionFlag) BeforeReset(k *kong.Kong) error { //nolint:unparam // kong calls it so
	fmt.Fprintln(k.Stdout, thisBuild().line())
	k.Exit(0)
	return nil
}
