package demo

import (
	"os"
	"sync"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// importCatalogue applies for every record as one holder, then registers each
// application.
func (s *story) importCatalogue() error {
	s.say("\n== 目录导入：%s", "\n== Import of the catalog %s", s.Catalogue)
	f, err := os.Open(s.Catalogue)
	if err != nil {
		return words.Errorf("目录：%v", "catalogue: %v", err)
	}
	defer f.Close()
	holder := s.cast["holder"]
	mapping, err := client.SourcesMapping()
	if err != nil {
		return words.Errorf("目录：%v", "catalogue: %v", err)
	}
	var applied []client.ImportResult
	sum, err := client.Import{Mapping: mapping, Body: s.cast["registrar"].id, OnResult: func(r client.ImportResult) {
		switch r.State {
		case client.Imported:
			applied = append(applied, r)
		case client.Duplicate:
			s.say("   第 %d 行《%s》：同一持有单位已有同名资源，不重复登记", "   line %d, “%s”: the holder has this title already", r.Line, r.Title)
		case client.Refused:
			s.say("   第 %d 行《%s》：%s", "   line %d, “%s”: %s", r.Line, r.Title, terminal.Explain(r.Err, s.lang()))
		case client.Unchanged:
		}
	}}.Run(s.ctx, holder.Client, f)
	if err != nil {
		return words.Errorf("导入：%v", "import: %v", err)
	}
	for _, d := range sum.Duplicates {
		s.result.Doubles = append(s.result.Doubles, d.Title)
	}
	s.result.Duplicates, s.result.Refused = len(sum.Duplicates), s.result.Refused+sum.Refused
	s.say("   已申请 %d 条，重复 %d 条；逐条受理、审核、公示、赋码……", "   %d applied for, %d duplicates; each is accepted, examined, noticed, coded …", sum.Registered, len(sum.Duplicates))
	if err := s.finish(applied); err != nil {
		return err
	}
	s.say("   登记完成 %d 条", "   %d are registered", s.result.Registered)
	return nil
}

// examiners is the number of applications that are examined concurrently.
const examiners = 64

// finish registers applications: it takes them from acceptance to the code.
func (s *story) finish(applied []client.ImportResult) error {
	jobs := make(chan client.ImportResult)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	for range examiners {
		wg.Go(func() {
			for a := range jobs {
				err := s.register(a)
				mu.Lock()
				if err == nil {
					s.result.Registered++
				} else if first == nil {
					first = words.Errorf("第 %d 行：%v", "line %d: %v", a.Line, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, a := range applied {
		jobs <- a
	}
	close(jobs)
	wg.Wait()
	return first
}

func (s *story) register(a client.ImportResult) error {
	last, err := s.examine(a.Application, a.Payload)
	if err != nil {
		return err
	}
	_, err = s.do("registrar", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: ledger.AppStepArgs{Application: a.Application, Answers: last}})
	return err
}
