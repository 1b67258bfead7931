package demo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// terms returns the terms of a license for an operator of the cast.
func (s *story) terms(operator string, mode ledger.Mode) ledger.LicenseTerms {
	y := s.Now().AddDate(3, 0, 0)
	return ledger.LicenseTerms{
		ID: node.NewID(), Mode: mode, Region: region, Domains: []string{}, Resources: []ledger.ID{}, Excluded: []ledger.ID{},
		Purposes: []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Governance}}, Actions: ledger.Actions(),
		Assigner: s.cast["bureau"].id, Assignee: s.cast[operator].id,
		Basis:     ledger.Document{Title: "公共数据资源授权运营协议", Number: "演数运〔2026〕" + operator, SHA256: digest("agreement " + operator), SignedOn: s.today()},
		Selection: ledger.Selection{Method: "open_tender", Date: s.today(), SHA256: digest("tender " + operator)},
		Decision:  ledger.Decision{MinutesNo: "2026-17", Date: s.today(), SHA256: digest("minutes " + operator)},
		StartOn:   s.today(), EndOn: day(y), OfferUntil: day(s.Now().AddDate(0, 0, 30)), Environments: []ledger.ID{}, Affiliates: []ledger.USCC{},
	}
}

// grant offers a license and lets the operator accept it.
func (s *story) grant(operator string, terms ledger.LicenseTerms) error {
	out, err := s.do("bureau", ledger.FnLicenseOffer, ledger.LicenseOfferArgs{LicenseTerms: terms})
	if err != nil {
		return err
	}
	if _, err := s.do(operator, ledger.FnLicenseAccept, ledger.AnswerArgs{ID: terms.ID, Answers: out.Payload}); err != nil {
		return err
	}
	s.say("   %s：%s %s，至 %s", "   %s: %s, %s, until %s", s.cast[operator].party.Name, words.EnumWord(s.lang(), "modes", terms.Mode), terms.ID, terms.EndOn)
	return nil
}

// licensing grants one license of each mode, and records the operator's controlled
// environment.
func (s *story) licensing() error {
	s.say("\n== 授权运营：整体、分领域、依场景三种模式", "\n== Authorized operation: whole, by domain, by scenario")
	env, err := s.environment()
	if err != nil {
		return err
	}
	domain := s.terms("operator", ledger.Domain)
	domain.Domains, domain.Environments = []string{"industry", "other"}, []ledger.ID{env}
	domain.Limits = ledger.Quota{Uses: 10}
	s.license = domain.ID
	if err := s.grant("operator", domain); err != nil {
		return err
	}
	scenario := s.terms("operator2", ledger.Scenario)
	scenario.Resources, scenario.Purposes = []ledger.ID{s.traffic}, []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	s.scenario = scenario.ID
	if err := s.grant("operator2", scenario); err != nil {
		return err
	}
	whole := s.terms("operator2", ledger.Whole)
	whole.Excluded, whole.Purposes = []ledger.ID{s.telemetry}, []ledger.Purpose{{Class: ledger.Governance}}
	return s.grant("operator2", whole)
}

// environment records the operator's controlled environment with its own key (O15).
func (s *story) environment() (ledger.ID, error) {
	key, err := ledger.NewKey()
	if err != nil {
		return "", err
	}
	id, operator := node.NewID(), s.cast["operator"]
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: operator.Profile().Ledger, ID: id, Operator: operator.id})
	if err != nil {
		return "", err
	}
	if _, err := s.do("bureau", ledger.FnEnvironmentSet, ledger.EnvironmentArgs{
		ID: id, Operator: operator.id, Region: region,
		Attestation: digest("attestation"), Key: key.Public(), Proof: proof,
	}); err != nil {
		return "", err
	}
	p := operator.Profile()
	p.Environment, p.Name = id, p.Name+" 受控环境"
	path := filepath.Join(s.Dir, "profiles", "environment.json")
	if err := errors.Join(p.SetKey(key), p.Save(path)); err != nil {
		return "", err
	}
	s.result.Profiles["environment"] = path
	c, err := client.New(p, s.lang(), s.Now)
	s.cast["environment"] = &actor{Client: c, name: "environment", id: operator.id, key: key}
	return id, err
}

// put uploads content and records it.
func (s *story) put(who string, subject ledger.Ref, name string, data []byte) (ledger.Content, error) {
	up, err := s.cast[who].Upload(s.ctx, bytes.NewReader(data))
	if err != nil {
		return ledger.Content{}, words.Errorf("%s 上传 %s：%v", "%s uploads %s: %v", who, name, err)
	}
	args := ledger.ContentArgs{
		ID: node.NewID(), Subject: subject, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes,
		Ingest: up.Receipt, Node: up.Node, Name: name,
	}
	_, err = s.do(who, ledger.FnContentAdd, args)
	return ledger.Content{ID: args.ID, Subject: subject, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes, Name: name}, err
}

// supply delivers the holder's raw data to the operator's environment, and checks that
// nobody else gets them.
func (s *story) supply() error {
	s.say("\n== 供给：原始数据仅进入授权中列明的受控环境", "\n== Supply: raw data go only to the environment that the license lists")
	raw := telemetry(20260101, 4000)
	c, err := s.put("holder", ledger.RefTo(ledger.KindResource, s.telemetry), "telemetry.csv", raw)
	if err != nil {
		return err
	}
	path := "/v1/licenses/" + string(s.license) + "/resources/" + string(s.telemetry) + "/content/" + c.Object
	got := filepath.Join(s.Dir, "environment", "telemetry.csv")
	if err := os.MkdirAll(filepath.Dir(got), 0o700); err != nil {
		return words.Errorf("受控环境：%v", "environment: %v", err)
	}
	f, err := s.cast["environment"].Fetch(s.ctx, path, got, "", nil)
	if err != nil {
		return words.Errorf("供给：%v", "supply: %v", err)
	}
	s.result.Supplies++
	s.say("   受控环境取得 %d 字节，SHA-256 %s", "   The environment has %d bytes, SHA-256 %s", f.Bytes, f.SHA256)
	_, err = s.cast["operator"].Fetch(s.ctx, path, got+".stolen", "", nil)
	if err := wantRefusal(err, ledger.ReasonEnvironment); err != nil {
		return words.Errorf("受控环境之外的供给：%v", "supply outside the environment: %v", err)
	}
	s.result.Denied++
	s.say("   以运营机构自己的密钥索取：拒绝，留有回执", "   Asked for with the operator's own key: denied, with a receipt")
	return nil
}

// telemetry returns invented data of construction machines; the same seed gives the
// same data.
func telemetry(seed uint64, rows int) []byte {
	var b bytes.Buffer
	b.WriteString("machine_id,observed_at,engine_hours,fuel_l\n")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		seed = seed*6364136223846793005 + 1442695040888963407
		fmt.Fprintf(&b, "EX%04d,%s,%d.%d,%d\n", seed>>33%500, start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339),
			seed>>40%9000, seed>>21%10, seed>>50%300)
	}
	return b.Bytes()
}
