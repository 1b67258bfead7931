package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestCompletion asks as bash does: the program answers with commands, flags and values.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"cadastre pro":                     "product",
		"cadastre product content uploads": "uploads",
		"cadastre order list --pro":        "--profile",
		"cadastre --la":                    "--lang",
	} {
		t.Setenv("COMP_LINE", line)
		if code, out, errs := command(t); code != 0 || !strings.Contains("\n"+out, "\n"+want+"\n") || errs != "" {
			t.Errorf("%s: exit %d, %q, %q", line, code, out, errs)
		}
	}
}

// TestCompletionLines are what each shell runs to ask.
func TestCompletionLines(t *testing.T) {
	for shell, lines := range completions {
		if out := must(t, "completion", shell); out != lines {
			t.Errorf("%s: %q", shell, out)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		c := exec.CommandContext(t.Context(), path, "-n")
		c.Stdin, c.Env = strings.NewReader(lines), os.Environ()
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s does not read it: %v %s", shell, err, out)
		}
	}
	if code, _, _ := command(t, "completion", "tcsh"); code == 0 {
		t.Error("tcsh has no completion")
	}
}

// TestManualPage names every command, in both languages.
func TestManualPage(t *testing.T) {
	for lang, want := range map[string]string{"zh": "运行节点", "en": "Run a node"} {
		page := must(t, "man", "--lang", lang)
		for _, text := range []string{".TH CADASTRE 1", want, "product content uploads list", "--behind-proxy"} {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page has no %q", lang, text)
			}
		}
	}
}
