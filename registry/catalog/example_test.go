package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

// ExampleRead reads a table of two columns; all else is said by constants.
func ExampleRead() {
	mapping, err := catalog.ParseMapping([]byte(`{
		"format": "csv",
		"id": "名称",
		"fields": {
			"title": {"from": "名称"},
			"description": {"from": "摘要"},
			"accrual_periodicity": {"from": "更新", "values": {"每日": "daily", "实时": "realtime"}}
		},
		"constants": {
			"catalog_class": "department", "domain": "transport", "sector": "G5411", "spatial": "430300", "temporal_start": "2024-01-01",
			"modified": "2026-08-31", "obtained": "own", "source_basis": "城市公共交通条例", "share_type": "unconditional", "open_type": "open",
			"supply_mode": ["open"], "items": ["线路", "站点"], "format": "csv", "row_count": "1", "byte_size": "1", "level": "general",
			"level_basis": "不涉及个人信息", "pi_status": "none",
			"quality": {"normative": 90, "complete": 90, "accurate": 90, "consistent": 90, "timely": 90, "accessible": 90,
				"assessor": "市数据局", "assessed_on": "2026-08-31"}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	table := strings.NewReader("名称,摘要,更新\n" +
		"公交站点,全市公交站点的编号、名称和位置，供出行服务使用。,每日\n" +
		"公交线路,全市公交线路的走向和首末班时间，供出行服务使用。,经常\n")
	for record, err := range catalog.Read(context.Background(), table, mapping, ledger.DeriveID("ledger"), ledger.DeriveID("holder")) {
		if refused, ok := errors.AsType[*catalog.RecordError](err); ok {
			fmt.Println(refused.Line, refused.Field, refused.Rule)
			continue
		}
		fmt.Println(record.Line, record.Resource.Title, record.Resource.Periodicity)
	}
	// Output:
	// 2 公交站点 daily
	// 3 accrual_periodicity known_value
}
