package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Register makes the five calls of the registration of the n-th resource: deposit,
// submit, accept, pass, code. The periods of the ledger must be 0 days, so that a
// notice is over at once. Many goroutines may call it.
func (w *World) Register(t testing.TB, l ledger.Ledger, holder, body *Member, n uint64) error {
	t.Helper()
	args := w.Application(holder, body, n)
	step := ledger.AppStepArgs{Application: args.Application}
	for _, c := range []struct {
		by   *Member
		fn   ledger.Function
		args func() any
	}{
		{holder, ledger.FnDeposit, func() any { return ledger.DepositArgs{SHA256: args.Deposit, Bytes: 4096} }},
		{holder, ledger.FnAppSubmit, func() any { return args }},
		{body, ledger.FnAppAccept, func() any { return step }},
		{body, ledger.FnAppPass, func() any { return ledger.AppPassArgs{AppStepArgs: step, Checklist: ledger.Checks()} }},
		{body, ledger.FnAppCode, func() any { return ledger.AppCodeArgs{AppStepArgs: step} }},
	} {
		out, err := l.Submit(t.Context(), w.Call(t, c.by, c.fn, c.args()))
		if err != nil {
			return fmt.Errorf("%s: %w", c.fn, err)
		}
		step.Answers = out.Payload
	}
	return nil
}

// Application returns the n-th application of a holder, with 7 KB: its texts are
// drawn from a small vocabulary, and its hashes and salts are random, like those of
// a real one.
func (w *World) Application(holder, body *Member, n uint64) ledger.AppSubmitArgs {
	d := draw{rand.New(rand.NewPCG(n, 43697))}                                       //nolint:gosec // the same resource each time
	today := ledger.Date(time.UnixMilli(int64(w.Now())).UTC().Format(time.DateOnly)) // never after that of Shanghai
	a := ledger.AppSubmitArgs{
		Application: w.NewID(), Body: body.ID, Deposit: d.digest(), Resource: w.resource(holder, d, n, today),
		InternalReview: ledger.Review{By: d.words(3), On: today, SHA256: d.digest()},
	}
	for _, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{Group: g, SHA256: d.digest(), Bytes: d.Int64N(1 << 22), Name: d.salted()})
	}
	return a
}

func (w *World) resource(holder *Member, d draw, n uint64, today ledger.Date) ledger.Resource {
	res := ledger.Resource{
		ID: w.NewID(), Title: fmt.Sprintf("%s%d", d.words(5), n), Description: d.words(120), Publisher: holder.ID,
		CatalogClass: "department", Domain: "transport", Sector: "G54", Spatial: Region,
		Temporal: ledger.Temporal{Start: "2019-01-01"}, Periodicity: "daily", Modified: w.Now() - d.millis(),
		Keywords: []string{d.words(2), d.words(3), d.words(4)}, Obtained: "own", SourceBasis: d.salted(),
		ShareType: "conditional", OpenType: "closed", SupplyMode: []string{"authorized_operation"},
		Format: "database", RowCount: d.Int64N(1 << 30), ByteSize: d.Int64N(1 << 40), Level: ledger.General,
		LevelBasis: d.salted(), PIStatus: ledger.PINone,
		Quality: ledger.Quality{
			Normative: 90 + d.IntN(10), Complete: 90 + d.IntN(10), Accurate: 90 + d.IntN(10), Consistent: 90 + d.IntN(10),
			Timely: 90 + d.IntN(10), Accessible: 90 + d.IntN(10), Assessor: d.words(3), AssessedOn: today,
		},
	}
	for i := range 18 {
		res.Items = append(res.Items, ledger.Item{
			Name: fmt.Sprintf("%s_%d", d.pick("id", "name", "time", "amount", "code", "state"), i), Label: d.words(2),
			DataType: d.pick("string", "integer", "datetime"), Length: 1 << d.IntN(8), Level: ledger.General, PIStatus: ledger.PINone,
		})
	}
	return res
}

// draw draws the values of a resource.
type draw struct{ *rand.Rand }

func (d draw) pick(of ...string) string { return of[d.IntN(len(of))] }

func (d draw) words(n int) string {
	all := strings.Fields(`公交 车辆 到站 线路 信息 数据 登记 企业 法人 许可 审批 医疗 机构 门诊 药品 学校 教育 资源 环境
		监测 空气 质量 水文 气象 土地 规划 建设 工程 住房 保障 就业 统计 财政 预算 税务 人口 城市 道路 停车 交通 事故 能源
		电力 消费 价格 市场 监管 食品 安全 检验 农业 种植 产量 旅游 文化 场馆 体育 养老 服务 办理 结果 年度 月度 明细 汇总`)
	var b strings.Builder
	for range n {
		b.WriteString(d.pick(all...))
	}
	return b.String()
}

func (d draw) digest() ledger.Digest { return ledger.DigestOf(fmt.Append(nil, d.Uint64())) }

func (d draw) salted() ledger.Salted {
	var salt [16]byte
	for i := range salt {
		salt[i] = byte(d.Uint32())
	}
	return ledger.Salt(salt, d.words(2))
}

func (d draw) millis() ledger.Millis { return ledger.Millis(d.Int64N(1 << 34)) }
