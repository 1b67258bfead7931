package ledger_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// realSubmit is an application as a bureau makes it: 20 information items.
func realSubmit() ledger.AppSubmitArgs {
	a := goodSubmit()
	a.Resource.Items = nil
	for i := range 20 {
		a.Resource.Items = append(a.Resource.Items, ledger.Item{
			Name: fmt.Sprintf("column_%02d", i), Label: fmt.Sprintf("车辆到离站信息项 %d", i), DataType: "string", Length: 16,
			Nullable: i%2 == 0, Level: ledger.General, PIStatus: ledger.PINone, CodeList: "GB/T 2260",
		})
	}
	a.Resource.Level, a.Resource.PIStatus = ledger.General, ledger.PINone
	a.Resource.Keywords = []string{"公交", "到站", "实时", "线路"}
	return a
}

// BenchmarkCheckForm is the check of form of one application.
func BenchmarkCheckForm(b *testing.B) {
	a := realSubmit()
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadForm is strict decoding and the check of form of one application.
func BenchmarkReadForm(b *testing.B) {
	data, err := json.Marshal(realSubmit())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var a ledger.AppSubmitArgs
		if err := ledger.First(ledger.DecodeStrict(data, &a), a.Validate()); err != nil {
			b.Fatal(err)
		}
	}
}
