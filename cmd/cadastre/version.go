package main

import (
	"cmp"
	"runtime/debug"
)

type versionCmd struct{}

// release says from what this program was built.
type release struct {
	Version  string `json:"version"`            // of the module, or devel and the revision
	Revision string `json:"revision,omitempty"` // of the source; +changed if it was edited after that
	Go       string `json:"go"`
}

func (b release) line() string {
	revision := ""
	if b.Revision != "" {
		revision = ", revision " + b.Revision
	}
	return "cadastre " + b.Version + " (" + cmp.Or(b.Go, "unknown Go") + revision + ")"
}

// version returns the version of the build.
func version() string { return thisBuild().Version }

// thisBuild reads what the compiler has written into this program.
func thisBuild() release {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release{Version: "unknown"}
	}
	return releaseOf(info)
}

func releaseOf(info *debug.BuildInfo) release {
	revision, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changed"
		}
	}
	b := release{Version: info.Main.Version, Go: info.GoVersion}
	if revision != "" {
		b.Revision = revision + changed
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
		if revision != "" {
			b.Version += "-" + revision[:min(12, len(revision))] + changed
		}
	}
	return b
}

// Run prints the version.
func (versionCmd) Run(p *program) error {
	if p.JSON {
		return p.json(thisBuild())
	}
	return p.line("%s", thisBuild().line())
}
