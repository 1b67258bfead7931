package demo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
)

// proof traces the delivered file to the right behind it. It checks the evidence bundle
// offline, and that forged bundles are refused.
func (s *story) proof() error {
	s.say("\n== 溯源与举证：从手中的文件到其所依据的权利", "\n== Trace and proof: from the file in hand to the right behind it")
	var traces []trace.Trace
	if err := s.cast["regulator"].Get(s.ctx, "/v1/trace?sha256="+string(s.content.SHA256), &traces); err != nil {
		return words.Errorf("追溯：%v", "trace: %v", err)
	}
	if len(traces) == 0 {
		return words.Errorf("追溯 %s：没有结果", "trace of %s: nothing found", s.content.SHA256)
	}
	s.say("   "+strings.ReplaceAll(traces[0].Says.ZH, "%", "%%"), "   "+strings.ReplaceAll(traces[0].Says.EN, "%", "%%"))
	var rows [][]string
	for _, step := range traces[0].Steps {
		name := step.Name
		if step.Ref.Kind() == "receipt" {
			name = words.EnumWord(s.lang(), "receipt_kinds", name)
		}
		rows = append(rows, []string{
			"   " + words.Kind(s.lang(), step.Ref.Kind()), name, step.Who, words.EnumWord(s.lang(), "rights", step.Right), words.EnumWord(s.lang(), "step_proofs", step.Proof),
		})
	}
	if err := terminal.Table(s.Out, rows); err != nil {
		return err
	}
	var bundle []byte
	if err := s.cast["buyer"].Get(s.ctx, "/v1/evidence?order="+string(s.order), &bundle); err != nil {
		return words.Errorf("证据包：%v", "evidence: %v", err)
	}
	s.result.Bundle = filepath.Join(s.Dir, "evidence.json")
	if err := durable.WriteFile(s.result.Bundle, bundle); err != nil {
		return words.Errorf("保存证据包：%v", "store bundle: %v", err)
	}
	trust, err := os.ReadFile(s.result.Trust)
	if err != nil {
		return words.Errorf("信任文件：%v", "trust: %v", err)
	}
	if err := s.Verify(bundle, trust); err != nil {
		return words.Errorf("证据包未能核验：%v", "the bundle does not verify: %v", err)
	}
	s.say("   证据包 %s（%d 字节）离线核验通过", "   The bundle %s (%d bytes) is verified offline", s.result.Bundle, len(bundle))
	return s.forge(bundle, trust)
}

// forge changes the bundle in three ways; each must be refused.
func (s *story) forge(bundle, trust []byte) error {
	for _, f := range []struct{ what, old, new string }{
		{"party", string(s.order), string(s.product.ID)},
		{"hash", string(s.content.SHA256), string(digest("another file"))},
		{"entry", `"entry":"`, `"entry":"AA`},
		{"endorsement", `"signature":"`, `"signature":"AA`},
	} {
		forged := bytes.Replace(bundle, []byte(f.old), []byte(f.new), 1)
		if bytes.Equal(forged, bundle) {
			continue
		}
		if err := s.Verify(forged, trust); err == nil {
			return words.Errorf("篡改了 %s 的证据包竟通过核验", "a bundle with a forged %s passes", f.what)
		}
	}
	s.say("   篡改后的证据包均被识破", "   Forged bundles are refused")
	return nil
}

// count asks the node for the sizes of its logs.
func (s *story) count() error {
	var err error
	if s.Shared != nil {
		s.result.LedgerSize, err = s.blocks()
	} else {
		s.result.LedgerSize, err = s.size("ledger")
	}
	if err != nil {
		return err
	}
	if s.result.ReceiptsSize, err = s.size("receipts"); err != nil {
		return err
	}
	s.result.Receipts = int(s.result.ReceiptsSize)
	zh, en := "条", "entries"
	if s.Shared != nil {
		zh, en = "个区块", "blocks"
	}
	s.say("\n== 账本 %[1]d "+zh+"，回执 %[2]d 条", "\n== %[1]d "+en+" in the ledger, %[2]d receipts", s.result.LedgerSize, s.result.ReceiptsSize)
	return nil
}

func (s *story) size(log string) (int64, error) {
	var note []byte
	if err := s.cast["regulator"].Get(s.ctx, "/log/"+log+"/checkpoint", &note); err != nil {
		return 0, words.Errorf("检查点：%v", "checkpoint: %v", err)
	}
	lines := strings.Split(string(note), "\n")
	if len(lines) < 2 {
		return 0, words.Errorf("%s 的检查点不成形", "the checkpoint of %s is malformed", log)
	}
	return strconv.ParseInt(lines[1], 10, 64)
}

// JSON returns the result as one object.
func (r Result) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
