package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/ledger"
)

// maxLabel is the maximum number of runes in the label of an information item.
const maxLabel = ledger.MaxName

// build makes the resource from a record's values, and returns all its faults.
func (p *reading) build(v values, r *Record) error {
	c := p.m.Constants
	res := ledger.Resource{
		ID: ResourceID(p.ledger, p.publisher, r.Source), Publisher: p.publisher,
		Title: v.one("title"), Description: v.one("description"), Identifier: v.one("identifier"), CatalogClass: v.one("catalog_class"),
		Domain: v.one("domain"), Sector: v.one("sector"), Spatial: ledger.Region(v.one("spatial")),
		Temporal:    ledger.Temporal{Start: ledger.Date(v.one("temporal_start")), End: ledger.Date(v.one("temporal_end"))},
		Periodicity: v.one("accrual_periodicity"), Keywords: once(v["keywords"]), LandingPage: v.one("landing_page"), Obtained: v.one("obtained"),
		SharerConsent: c.SharerConsent, ShareType: v.one("share_type"), OpenType: v.one("open_type"), SupplyMode: once(v["supply_mode"]),
		Format: v.one("format"), Level: ledger.Level(v.one("level")), PIStatus: ledger.PIStatus(v.one("pi_status")),
	}
	if c.Quality != nil {
		res.Quality = *c.Quality
		r.Assumed = append(r.Assumed, "quality")
	}
	var errs [6]error
	res.RowCount, errs[0] = number("row_count", v.one("row_count"))
	res.ByteSize, errs[1] = number("byte_size", v.one("byte_size"))
	res.Modified, errs[2] = moment("modified", v.one("modified"))
	res.SourceBasis, errs[3] = p.private("source_basis", v, r)
	res.LevelBasis, errs[4] = p.private("level_basis", v, r)
	errs[5] = items(v["items"], &res, r)
	r.Resource = res
	form := ledger.AsError(res.Validate(""))
	if form == nil {
		return ledger.Join(errs[:]...)
	}
	all := errs[:]
	for _, one := range form.All() {
		// A value that could not be made from the source has a fault already.
		if !slices.ContainsFunc(errs[:], func(err error) bool { e := ledger.AsError(err); return e != nil && within(one.Field, e.Field) }) {
			all = append(all, one)
		}
	}
	return ledger.Join(all...)
}

// once removes repeated members of a list; the result is never nil.
func once(list []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func number(field, s string) (int64, error) {
	if s == "" {
		return 0, ledger.Invalid(field, "required").With("allowed", "≥ 0")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, ledger.Invalid(field, "whole_number").With("value", ledger.Quotable(s)).With("allowed", "≥ 0")
	}
	return n, nil
}

const momentWords = "YYYY-MM-DD, YYYY-MM-DD hh:mm:ss, RFC 3339, 毫秒/Unix milliseconds"

// moment parses a day of Asia/Shanghai, an RFC 3339 time, or Unix milliseconds.
func moment(field, s string) (ledger.Millis, error) {
	if s == "" {
		return 0, ledger.Invalid(field, "required").With("allowed", momentWords)
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms > 1e11 {
		return ledger.Millis(ms), nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, s, time.FixedZone("CST", 8*60*60)); err == nil {
			return ledger.Millis(t.UnixMilli()), nil
		}
	}
	return 0, ledger.Invalid(field, "date_or_ms").With("value", ledger.Quotable(s)).With("allowed", momentWords)
}

// private replaces a text by its salted hash, so that the text stays off the ledger.
func (p *reading) private(field string, v values, r *Record) (ledger.Salted, error) {
	s := v.one(field)
	if err := ledger.CheckText(field, s, 1, ledger.MaxText); err != nil {
		return ledger.Salted{}, err
	}
	salted := ledger.Salt(salt(p.ledger, p.publisher, r.Source, field), s)
	r.Private = append(r.Private, Private{field, salted, s})
	return salted, nil
}

// items makes information items from their labels. The source says nothing else about
// them, so each has the level of the resource. A long list goes to an object.
func items(labels []string, res *ledger.Resource, r *Record) error {
	res.Items = []ledger.Item{}
	for i, label := range labels {
		if utf8.RuneCountInString(label) > maxLabel {
			label = strings.TrimSpace(string([]rune(label)[:maxLabel-1])) + "…"
			if !slices.Contains(r.Assumed, "items") {
				r.Assumed = append(r.Assumed, "items")
			}
		}
		res.Items = append(res.Items, ledger.Item{
			Name: fmt.Sprintf("item_%03d", i+1), Label: label, DataType: "string", Nullable: true,
			Level: res.Level, PIStatus: res.PIStatus,
		})
	}
	encoded, err := json.Marshal(res.Items)
	if err != nil {
		return fmt.Errorf("encode items: %w", err)
	}
	if len(encoded) > ledger.MaxItems {
		r.Items, res.ItemsObject, res.Items = encoded, ledger.DigestOf(encoded), []ledger.Item{}
	}
	return nil
}
