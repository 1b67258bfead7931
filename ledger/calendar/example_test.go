package calendar_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger/calendar"
)

// autumn is the part of the list of 2026 that the worked example rests on
// .
func autumn(year int) (calendar.Year, bool) {
	if year != 2026 {
		return calendar.Year{}, false
	}
	return calendar.Year{
		Year: 2026,
		Off: []calendar.Date{
			"2026-09-25", "2026-09-26", "2026-09-27",
			"2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04", "2026-10-05", "2026-10-06", "2026-10-07",
		},
		Work: []calendar.Date{"2026-09-20", "2026-10-10"},
	}, true
}

// TestWorkedExample counts every limit of the worked example.
func TestWorkedExample(t *testing.T) {
	for _, c := range []struct {
		what  string
		event calendar.Date
		days  int
		due   calendar.Date
	}{
		{"submitted: accept", "2026-09-09", 3, "2026-09-14"},
		{"resubmitted: accept", "2026-09-11", 3, "2026-09-16"},
		{"accepted: examine", "2026-09-14", 20, "2026-10-16"},
		{"passed on the seventh working day", "2026-09-14", 7, "2026-09-22"},
		{"noticed: last day", "2026-09-23", 10, "2026-10-14"},
		{"objected: decide", "2026-10-09", 10, "2026-10-22"},
		{"notice over: code on the next working day", "2026-10-14", 1, "2026-10-15"},
		{"first delivery: apply for the product", "2026-10-21", 20, "2026-11-18"},
		{"product submitted: accept", "2026-10-26", 3, "2026-10-29"},
		{"product noticed: last day", "2026-11-04", 10, "2026-11-18"},
		{"leak reported: answer", "2026-12-08", 5, "2026-12-15"},
		{"accepted, examination of 15 days", "2026-09-14", 15, "2026-10-10"},
	} {
		got := calendar.Calendar(autumn).Add(c.event, c.days)
		if diff := cmp.Diff(calendar.Due{Due: c.due}, got); diff != "" {
			t.Errorf("%s (%s + %d): -want +got\n%s", c.what, c.event, c.days, diff)
		}
	}
}

// TestWorkedExampleNoticeDays names the ten days of the notice one by one.
func TestWorkedExampleNoticeDays(t *testing.T) {
	want := []calendar.Date{
		"2026-09-24", "2026-09-28", "2026-09-29", "2026-09-30", "2026-10-08",
		"2026-10-09", "2026-10-10", "2026-10-12", "2026-10-13", "2026-10-14",
	}
	var got []calendar.Date
	for n := 1; n <= 10; n++ {
		got = append(got, calendar.Calendar(autumn).Add("2026-09-23", n).Due)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("days of the notice: -want +got\n%s", diff)
	}
}

// TestWorkedExampleValidity checks the calendar periods of the example: the code
// of 15 October holds three years, and its renewal opens 60 days before the end.
func TestWorkedExampleValidity(t *testing.T) {
	until := calendar.Date("2026-10-15").TermEnd(3)
	if until != "2029-10-14" {
		t.Errorf("valid until %s, want 2029-10-14", until)
	}
	if opens := until.AddDays(-60); opens != "2029-08-15" {
		t.Errorf("renewal opens %s, want 2029-08-15", opens)
	}
	if end := calendar.Date("2026-10-19").TermEnd(3); end != "2029-10-18" {
		t.Errorf("agreement ends %s, want 2029-10-18", end)
	}
}

func TestProvisional(t *testing.T) {
	c := calendar.Calendar(autumn)
	for _, k := range []struct {
		event calendar.Date
		days  int
		want  calendar.Due
	}{
		{"2026-12-30", 1, calendar.Due{Due: "2026-12-31"}},
		{"2026-12-30", 2, calendar.Due{Due: "2027-01-01", Provisional: true}},
		{"2026-12-31", 1, calendar.Due{Due: "2027-01-01", Provisional: true}},
		{"2025-12-31", 1, calendar.Due{Due: "2026-01-01"}}, // the event's own day is not counted
		{"2025-12-30", 2, calendar.Due{Due: "2026-01-01", Provisional: true}},
		{"2027-03-27", 0, calendar.Due{Due: "2027-03-27"}}, // nothing counted
		{"2026-02-30", 3, calendar.Due{}},
		{"2026-02-30", 0, calendar.Due{}},
		{"9999-12-30", 9, calendar.Due{Provisional: true}},
	} {
		if diff := cmp.Diff(k.want, c.Add(k.event, k.days)); diff != "" {
			t.Errorf("%s + %d: -want +got\n%s", k.event, k.days, diff)
		}
	}
}

func TestLater(t *testing.T) {
	guess := calendar.Due{Due: "2027-02-15", Provisional: true}
	for _, k := range []struct{ a, b, want calendar.Due }{
		{guess, calendar.Due{Due: "2027-02-19"}, calendar.Due{Due: "2027-02-19"}},
		{guess, calendar.Due{Due: "2027-02-12"}, calendar.Due{Due: "2027-02-15"}},
		{guess, guess, guess},
	} {
		if diff := cmp.Diff(k.want, calendar.Later(k.a, k.b)); diff != "" {
			t.Errorf("later of %v and %v: -want +got\n%s", k.a, k.b, diff)
		}
		if calendar.Later(k.a, k.b) != calendar.Later(k.b, k.a) {
			t.Errorf("later of %v and %v depends on their order", k.a, k.b)
		}
	}
}

func TestNextWorking(t *testing.T) {
	c := calendar.Calendar(autumn)
	for d, want := range map[calendar.Date]calendar.Due{
		"2026-10-15": {Due: "2026-10-15"},
		"2026-10-01": {Due: "2026-10-08"},
		"2026-10-10": {Due: "2026-10-10"}, // a make-up Saturday
		"2026-10-11": {Due: "2026-10-12"},
		"2027-01-02": {Due: "2027-01-04", Provisional: true},
		"nonsense":   {},
	} {
		if diff := cmp.Diff(want, c.NextWorking(d)); diff != "" {
			t.Errorf("next working day from %s: -want +got\n%s", d, diff)
		}
	}
}
