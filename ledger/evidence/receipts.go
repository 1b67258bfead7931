package evidence

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// leaf is one proven receipt.
type leaf struct {
	ledger.Receipt
	log  string
	hash ledger.Digest // leaf hash (RFC 9162 §2.1.1): what links and calls cite
	at   string
}

// deliveries proves all receipts and what they rest on (rule 6).
func (v *verification) deliveries() error {
	var logs []string
	for i, g := range v.bundle.Receipts {
		at := fmt.Sprintf("receipts[%d]", i)
		if slices.Contains(logs, g.Log) {
			return failf(CheckForm, at, "the log %s has a group already", g.Log)
		}
		logs = append(logs, g.Log)
		list, err := v.group(at, g)
		if err != nil {
			return err
		}
		if err := v.pairs(list); err != nil {
			return err
		}
	}
	v.receipts = append([]Delivery{}, v.receipts...)
	about := v.bundle.About
	if about.Kind() == ledger.KindReceipt && len(v.receipts) != 1 {
		return failf(CheckMissing, string(about), "the bundle holds %d deliveries, not the one it is about", len(v.receipts))
	}
	return nil
}

// group proves the receipts of one log under the anchor that its owner recorded.
func (v *verification) group(at string, g ReceiptGroup) ([]leaf, error) {
	if g.Anchor < 0 || g.Anchor >= len(v.acts) || v.acts[g.Anchor].fn() != ledger.FnAnchor {
		return nil, failf(CheckReceipt, at, "calls[%d] is no anchor", g.Anchor)
	}
	a := v.acts[g.Anchor]
	var args ledger.AnchorArgs
	if err := typed(a, &args); err != nil {
		return nil, err
	}
	if args.Log != g.Log {
		return nil, failf(CheckReceipt, at, "the anchor is of the log %s", args.Log)
	}
	if err := v.logOwner(at, g.Log, a.party()); err != nil {
		return nil, err
	}
	v.use(a, ledger.RefTo(ledger.KindAnchor, g.Log))
	if len(g.Items) == 0 {
		return nil, failf(CheckNotNeeded, at, "a group without receipts")
	}
	var list []leaf
	for i, item := range g.Items {
		at := fmt.Sprintf("%s.items[%d]", at, i)
		if i > 0 && item.Index <= g.Items[i-1].Index {
			return nil, failf(CheckForm, at, "receipts are not by index")
		}
		if err := included(item.Path, args.Size, hash(args.Root), item.Index, item.Entry); err != nil {
			return nil, fail(CheckReceipt, at, err)
		}
		sum := tlog.RecordHash(item.Entry)
		l := leaf{log: g.Log, hash: ledger.Digest(hex.EncodeToString(sum[:])), at: at}
		if err := strictForm(item.Entry, &l.Receipt); err != nil {
			return nil, fail(CheckReceipt, at, err)
		}
		if l.V != 1 || l.Time > a.Time+ledger.Skew {
			return nil, failf(CheckReceipt, at, "unknown version, or younger than its anchor")
		}
		list = append(list, l)
	}
	return list, nil
}

// logOwner proves that a platform was admitted with this log.
func (v *verification) logOwner(at, log string, owner ledger.ID) error {
	p := v.parties[owner]
	if p == nil || !slices.Contains(p.profile.Roles, ledger.RolePlatform) || ledger.ReceiptLog(p.profile.Origin) != log {
		return failf(CheckReceipt, at, "the anchor's party is not the owner of the log %s", log)
	}
	ref := ledger.RefTo(ledger.KindLog, log)
	var record ledger.LogRecord
	if err := v.value(p.by, ref, &record); err != nil {
		return err
	}
	if record != (ledger.LogRecord{Origin: log, Owner: owner, Key: p.profile.LogKey}) {
		return failf(CheckRecord, string(ref), "the record is not what the platform applied with")
	}
	v.use(p.by, ref)
	return nil
}

// pairs holds every end to its start and every start to its end.
func (v *verification) pairs(list []leaf) error {
	starts := map[ledger.ID]leaf{}
	for _, l := range list {
		switch l.Kind {
		case ledger.ReceiptStart:
			if _, ok := starts[l.ID]; ok {
				return failf(CheckReceipt, l.at, "the start %s is there twice", l.ID)
			}
			starts[l.ID] = l
		case ledger.ReceiptEnd:
			start, ok := starts[l.Start]
			if !ok {
				return failf(CheckReceipt, l.at, "the start %s of this end is not in the bundle", l.Start)
			}
			delete(starts, l.Start)
			if err := v.delivery(start, l); err != nil {
				return err
			}
		default:
			return failf(CheckNotNeeded, l.at, "a receipt of kind %q", l.Kind)
		}
	}
	for _, l := range list {
		if _, ok := starts[l.ID]; ok && l.Kind == ledger.ReceiptStart {
			return failf(CheckReceipt, l.at, "the start %s has no end in the bundle", l.ID)
		}
	}
	return nil
}

// delivery proves that a start was allowed by what it names, and that its end is
// of the same delivery.
func (v *verification) delivery(start, end leaf) error {
	if !v.wanted(start, end) {
		return failf(CheckReceipt, start.at, "the receipt is not of %s", v.bundle.About)
	}
	if !continues(start, end) {
		return failf(CheckReceipt, end.at, "the end is not of its start")
	}
	if start.Revision == nil {
		return failf(CheckReceipt, start.at, "the start names no policy revision")
	}
	var err error
	switch start.Flow {
	case ledger.Delivery:
		err = v.delivered(start)
	case ledger.Supply:
		err = v.supplied(start)
	default:
		err = failf(CheckReceipt, start.at, "unknown flow %q", start.Flow)
	}
	if err != nil {
		return err
	}
	v.receipts = append(v.receipts, Delivery{
		Log: start.log, Flow: start.Flow, Start: start.hash, End: end.hash, Began: start.Time, Ended: end.Time, Party: start.Party,
		SHA256: start.SHA256, Offset: start.Offset, Bytes: end.Bytes, BytesMax: end.BytesMax, Outcome: end.Outcome,
	})
	return nil
}

// wanted reports whether a delivery is among what the bundle is about.
func (v *verification) wanted(start, end leaf) bool {
	about := v.bundle.About
	switch about.Kind() {
	case ledger.KindReceipt:
		return about.ID() == string(start.hash) || about.ID() == string(end.hash)
	case ledger.KindOrder:
		return start.Flow == ledger.Delivery && about.ID() == string(start.Order)
	case ledger.KindLicense:
		return start.Flow == ledger.Supply && about.ID() == string(start.License)
	case ledger.KindResource:
		return start.Flow == ledger.Supply && about == start.Subject
	}
	return false
}

// continues reports whether an end speaks of its start's delivery: what it
// names besides must be the same, and no more was sent than was asked for. Its
// time may lie a little before, since only the start's is raised to the ledger's.
func continues(s, e leaf) bool {
	return e.Party == s.Party && e.Time+ledger.Skew >= s.Time && e.SHA256 == s.SHA256 && e.Object == s.Object &&
		agrees(e.Order, s.Order) && agrees(e.License, s.License) && agrees(e.Content, s.Content) &&
		agrees(e.Environment, s.Environment) && agrees(e.Subject, s.Subject) && agrees(e.Flow, s.Flow) &&
		slices.Contains([]ledger.DeliveryOutcome{ledger.Complete, ledger.Partial, ledger.Aborted, ledger.Interrupted}, e.Outcome) &&
		e.Bytes >= 0 && e.Bytes <= s.Length && (e.Outcome != ledger.Complete || e.Bytes == s.Length)
}

func agrees[T ~string](got, want T) bool { return got == "" || got == want }

// delivered holds a start to its order.
func (v *verification) delivered(s leaf) error {
	o, err := v.order(s.Order)
	if err != nil {
		return err
	}
	l, err := v.license(o.License)
	if err != nil {
		return err
	}
	day := dayOf(s.Time)
	if s.License != o.License || s.Party != o.Buyer || s.Subject != ledger.RefTo(ledger.KindProduct, o.Product) ||
		s.Purpose == nil || *s.Purpose != o.Purpose {
		return failf(CheckReceipt, s.at, "the receipt names other than the order")
	}
	if !o.Effective(day) || !l.Effective(day) || s.Time+ledger.Skew < o.ActiveAt {
		return failf(CheckReceipt, s.at, "order or license do not count on %s", day)
	}
	if err := v.effective(s, o.Sources, day); err != nil {
		return err
	}
	if err := v.object(s); err != nil {
		return err
	}
	return v.decided(s, ledger.RefTo(ledger.KindOrder, o.ID), ledger.RefTo(ledger.KindLicense, o.License))
}

// supplied holds a start to its license and environment.
func (v *verification) supplied(s leaf) error {
	l, err := v.license(s.License)
	if err != nil {
		return err
	}
	day := dayOf(s.Time)
	if s.Order != "" || s.Party != l.Assignee || s.Subject.Kind() != ledger.KindResource || s.Purpose != nil && !l.Allows(*s.Purpose) {
		return failf(CheckReceipt, s.at, "the receipt names other than the license")
	}
	if !l.Effective(day) {
		return failf(CheckReceipt, s.at, "the license does not count on %s", day)
	}
	env, err := v.environment(s.Environment)
	if err != nil {
		return err
	}
	if env.Operator != l.Assignee || !slices.Contains(l.Environments, env.ID) {
		return failf(CheckReceipt, s.at, "the license does not list the environment")
	}
	id := ledger.ID(s.Subject.ID())
	if err := v.effective(s, []ledger.ID{id}, day); err != nil {
		return err
	}
	r, err := v.resource(id)
	if err != nil {
		return err
	}
	if !l.Covers(r.facts(), ledger.Purpose{}) {
		return failf(CheckReceipt, s.at, "the license does not cover the resource")
	}
	if err := v.object(s); err != nil {
		return err
	}
	return v.decided(s, ledger.RefTo(ledger.KindLicense, l.ID))
}

// effective holds the entries of sources to count on the day of a start.
func (v *verification) effective(s leaf, sources []ledger.ID, day ledger.Date) error {
	for _, id := range sources {
		r, err := v.resource(id)
		if err != nil {
			return err
		}
		if !r.effective(day) {
			return failf(CheckReceipt, s.at, "the entry of %s does not count on %s", id, day)
		}
	}
	return nil
}

// object holds a start to the content that it names, and to the log of the node
// that its owner says holds it.
func (v *verification) object(s leaf) error {
	c, err := v.content(s.Content)
	if err != nil {
		return err
	}
	if s.log != ledger.ReceiptLog(c.Node) {
		return failf(CheckReceipt, s.at, "the content lies at the node %s, the receipt in the log %s", c.Node, s.log)
	}
	if c.SHA256 != s.SHA256 || c.Object != s.Object || c.Subject != s.Subject || c.Bytes != s.Size ||
		s.Offset < 0 || s.Length < 0 || s.Offset > s.Size || s.Length > s.Size-s.Offset {
		return failf(CheckReceipt, s.at, "the receipt names other content")
	}
	return nil
}

// decided holds a start to have been decided when all calls on the records were
// applied: its policy revision is not before them.
func (v *verification) decided(s leaf, on ...ledger.Ref) error {
	for _, ref := range on {
		for _, a := range v.chains[ref] {
			if s.Revision.Block < a.Position.Block {
				return failf(CheckReceipt, s.at, "decided at revision %d, before %s at %d", s.Revision.Block, a.fn(), a.Position.Block)
			}
		}
	}
	return nil
}

// shanghai is the offset of Asia/Shanghai from UTC, in milliseconds: the same
// all year since 1991.
const shanghai = 8 * 60 * 60 * 1000

// dayOf is the day of a moment in Asia/Shanghai.
func dayOf(t ledger.Millis) ledger.Date {
	return ledger.Date(time.UnixMilli(int64(t) + shanghai).UTC().Format(time.DateOnly))
}
