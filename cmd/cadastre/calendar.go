package main

import (
	"fmt"
	"slices"

	"github.com/6tail/lunar-go/HolidayUtil"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

type calendarCmd struct {
	Propose proposeCmd `cmd:"" zh:"按国务院办公厅放假安排生成该年的请求参数" en:"Print the call arguments that record a year's list of the State Council." example:"cadastre calendar propose 2026 > 2026.json"`
	Due     dueCmd     `cmd:"" zh:"按工作日推算期限最后一日" en:"Compute a due day in working days." example:"cadastre calendar due --from 2026-09-14 --days 20 --json"`
	Set     setCmd     `cmd:"" zh:"登记年度工作日安排（数据管理部门）" en:"Record a year's list (data authority)." example:"cadastre calendar set 2026 --profile authority.json"`
}

// list returns the State Council's list of a year from the library.
func list(year int) (ledger.CalendarArgs, error) {
	a := ledger.CalendarArgs{
		Year: year, Off: []ledger.Date{}, Work: []ledger.Date{},
		Source: fmt.Sprintf("国务院办公厅关于%d年部分节假日安排的通知", year),
	}
	found := HolidayUtil.GetHolidaysByYear(year)
	for e := found.Front(); e != nil; e = e.Next() {
		h, ok := e.Value.(*HolidayUtil.Holiday)
		if !ok {
			continue
		}
		day := ledger.Date(h.GetDay())
		if h.IsWork() {
			a.Work = append(a.Work, day)
		} else {
			a.Off = append(a.Off, day)
		}
	}
	if len(a.Off) == 0 {
		return a, words.Errorf("尚无 %d 年的安排：国务院办公厅于上年十一月发布，请按其通知自行编写文件", "there is no list of %d yet: the State Council publishes it in November of the year before; write the file by hand from its notice", year)
	}
	for _, days := range []*[]ledger.Date{&a.Off, &a.Work} {
		slices.Sort(*days)
		*days = slices.Compact(*days)
		*days = slices.DeleteFunc(*days, func(d ledger.Date) bool { return calendar.Date(d).Year() != year })
	}
	return a, a.Validate()
}

type proposeCmd struct {
	Year int `arg:"" zh:"年份" en:"Year."`
}

func (c *proposeCmd) Run(p *program) error {
	a, err := list(c.Year)
	if err != nil {
		return err
	}
	return p.json(a)
}

type setCmd struct {
	Year int    `arg:"" zh:"年份" en:"Year."`
	File string `zh:"参数，即 propose 的输出；默认为已知的安排" en:"Arguments, as propose prints them; by default the known list." type:"existingfile"`
	writing
}

func (c *setCmd) Run(p *program) error {
	a, err := list(c.Year)
	if c.File != "" {
		a = ledger.CalendarArgs{}
		err = readArgs(c.File, &a)
	}
	if err != nil {
		return err
	}
	return p.call(ledger.FnCalendarSet, a)
}

type dueCmd struct {
	From ledger.Date `required:"" zh:"事件发生之日，如 2026-09-14" en:"Day of the event, such as 2026-09-14." placeholder:"DATE"`
	Days int         `required:"" zh:"工作日数" en:"Number of working days."`
}

// Run computes the due day from the lists in this program. In a year without a list every
// Monday to Friday is a working day, and the result is provisional.
func (c *dueCmd) Run(p *program) error {
	if err := c.From.Validate("from"); err != nil {
		return err
	}
	if c.Days < 0 || c.Days > 1000 {
		return ledger.Invalid("days", "0_to_1000")
	}
	lists := calendar.Calendar(func(year int) (calendar.Year, bool) {
		a, err := list(year)
		if err != nil {
			return calendar.Year{}, false
		}
		y := calendar.Year{Year: year}
		for _, d := range a.Off {
			y.Off = append(y.Off, calendar.Date(d))
		}
		for _, d := range a.Work {
			y.Work = append(y.Work, calendar.Date(d))
		}
		return y, true
	})
	due := lists.Add(calendar.Date(c.From), c.Days)
	if p.JSON {
		return p.json(due)
	}
	note := ""
	if due.Provisional {
		note = p.say("（暂定：相关年度的放假安排尚未公布）", " (provisional: the list of a year is not published yet)")
	}
	_, err := fmt.Fprintln(p.out, string(due.Due)+note)
	return err
}
