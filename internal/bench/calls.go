package bench

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
)

// level measures deposits by n concurrent holders, alternating with as many bare
// writes.
func (m *measure) level(ctx context.Context, n int) (Level, error) {
	m.Report("%d 个并发写入……", "%d writers …", n)
	var calls, bare sample
	count := n * m.Each
	for range rounds {
		signed, err := m.deposits(m.holders[:n], count)
		if err != nil {
			return Level{}, err
		}
		if err := calls.run(ctx, m.Now, n, count, func(ctx context.Context, i int) error {
			_, err := m.Ledger.Submit(ctx, signed[i])
			return err
		}); err != nil {
			return Level{}, err
		}
		if m.Bare == nil {
			continue
		}
		if err := bare.run(ctx, m.Now, n, count, func(ctx context.Context, i int) error {
			return m.Bare(ctx, string(newID()), []byte(signed[i]))
		}); err != nil {
			return Level{}, err
		}
	}
	l := Level{Writers: n, Calls: calls.figures()}
	if m.Bare != nil {
		b := bare.figures()
		l.Bare, l.Ratio = &b, l.Calls.Second/b.Second
	}
	return l, nil
}

// deposits signs n deposits of new hashes, by each holder in turn.
func (m *measure) deposits(by []Signer, n int) ([]string, error) {
	signed := make([]string, n)
	for i := range signed {
		var err error
		if signed[i], err = m.sign(by[i%len(by)], ledger.FnDeposit, deposit(newID())); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

func deposit(of ledger.ID) ledger.DepositArgs {
	return ledger.DepositArgs{SHA256: ledger.DigestOf([]byte(of)), Bytes: int64(len(of))}
}

// importers is the number of concurrent records in an import.
const importers = 2 * ledger.MaxBatch

// imports deposits and applies for the records of one holder, as an import does.
func (m *measure) imports(ctx context.Context) (Import, error) {
	m.Report("导入 %d 条资源……", "Importing %d records …", m.Records)
	holder := m.holders[0]
	deposited, applied := make([]string, m.Records), make([]string, m.Records)
	for i := range deposited {
		r := m.resource(holder.Party)
		hash := deposit(r.ID)
		var err error
		if deposited[i], err = m.sign(holder, ledger.FnDeposit, hash); err != nil {
			return Import{}, err
		}
		if applied[i], err = m.sign(holder, ledger.FnAppSubmit, m.application(r, hash.SHA256)); err != nil {
			return Import{}, err
		}
	}
	var s sample
	err := s.run(ctx, m.Now, importers, m.Records, func(ctx context.Context, i int) error {
		if _, err := m.Ledger.Submit(ctx, deposited[i]); err != nil {
			return err
		}
		_, err := m.Ledger.Submit(ctx, applied[i])
		return err
	})
	return Import{Records: m.Records, Second: s.rate()}, err
}

func (m *measure) application(r ledger.Resource, hash ledger.Digest) ledger.AppSubmitArgs {
	a := ledger.AppSubmitArgs{
		Application: newID(), Body: m.body.Party, Resource: r, Deposit: hash, Materials: []ledger.Material{},
		InternalReview: ledger.Review{By: "测速", On: m.today(), SHA256: hash},
	}
	for _, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{Group: g, SHA256: hash, Bytes: 1, Name: salted(string(g))})
	}
	return a
}

func (m *measure) today() ledger.Date {
	return ledger.Date(m.Now().UTC().Format("2006-01-02")) // at the latest yesterday in China: a review must be in the past
}

func salted(text string) ledger.Salted { return ledger.Salt([16]byte{}, text) }

// resource returns a resource with as many members as in a real catalog.
func (m *measure) resource(holder ledger.ID) ledger.Resource {
	id := newID()
	r := ledger.Resource{
		ID: id, Title: "测速资源" + string(id), Description: "用于测量登记速度的资源，不含任何真实数据，仅存在于演示账本。",
		Publisher: holder, CatalogClass: "department", Domain: "transport", Sector: "G54", Spatial: region,
		Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "daily", Modified: ledger.Millis(m.Now().UnixMilli()),
		Keywords: []string{"测速"}, Obtained: "own", SourceBasis: salted("依职责采集"), ShareType: "conditional", OpenType: "conditional",
		SupplyMode: []string{"share", "authorized_operation"}, Format: "csv", RowCount: 1, ByteSize: 1,
		Level: ledger.General, LevelBasis: salted("不涉及个人信息"), PIStatus: ledger.PINone,
		Quality: ledger.Quality{
			Normative: 96, Complete: 95, Accurate: 97, Consistent: 95, Timely: 98, Accessible: 99, Assessor: "测速", AssessedOn: m.today(),
		},
	}
	for _, name := range []string{"id", "name", "place", "observed_at", "value", "unit"} {
		r.Items = append(r.Items, ledger.Item{Name: name, Label: name, DataType: "string", Length: 64, IsKey: name == "id", Level: ledger.General, PIStatus: ledger.PINone})
	}
	return r
}
