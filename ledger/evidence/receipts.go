package evidence

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// delivery is a start receipt and its end receipt.
type delivery struct {
	start, end leaf
	group      int
}

// leaf is one receipt of the bundle.
type leaf struct {
	ledger.Receipt
	log  string
	hash ledger.Digest // leaf hash (RFC 9162 §2.1.1), as cited by links and calls
	at   string
}

// deliveries decodes all receipts as pairs, before the calls are run.
func (v *verification) deliveries() error {
	known := map[ledger.ID]bool{}
	for i, g := range v.bundle.Receipts {
		at := fmt.Sprintf("receipts[%d]", i)
		if i > 0 && g.Log <= v.bundle.Receipts[i-1].Log {
			return failf(CheckForm, at, "groups are not sorted by log, or a log has two groups")
		}
		if len(g.Items) == 0 {
			return failf(CheckNotNeeded, at, "a group without receipts")
		}
		list, err := pairs(at, g)
		if err != nil {
			return err
		}
		for _, d := range list {
			if known[d.start.ID] {
				return failf(CheckReceipt, d.start.at, "the start %s is repeated", d.start.ID)
			}
			if known[d.start.ID] = true; !v.isAbout(d) {
				return failf(CheckReceipt, d.start.at, "the receipt does not belong to %s", v.bundle.About)
			}
			d.group = i
			v.pending = append(v.pending, d)
		}
	}
	slices.SortStableFunc(v.pending, func(a, b *delivery) int { return cmp.Compare(a.start.Revision.Block, b.start.Revision.Block) })
	return nil
}

// pairs decodes the receipts of a group, which must be start receipts each with its
// end receipt.
func pairs(at string, g ReceiptGroup) ([]*delivery, error) {
	open := map[ledger.ID]*delivery{}
	var list []*delivery
	for i, item := range g.Items {
		at := fmt.Sprintf("%s.items[%d]", at, i)
		if i > 0 && item.Index <= g.Items[i-1].Index {
			return nil, failf(CheckForm, at, "receipts are not sorted by index")
		}
		sum := tlog.RecordHash(item.Entry)
		l := leaf{log: g.Log, hash: ledger.Digest(hex.EncodeToString(sum[:])), at: at}
		var err error
		if l.Receipt, err = ParseReceipt(item.Entry); err != nil {
			return nil, fail(CheckReceipt, at, err)
		}
		switch {
		case l.Kind == ledger.ReceiptStart && l.Revision != nil && open[l.ID] == nil:
			open[l.ID] = &delivery{start: l}
		case l.Kind == ledger.ReceiptStart:
			return nil, failf(CheckReceipt, at, "a start without policy revision, or a repeated one")
		case l.Kind == ledger.ReceiptEnd:
			d := open[l.Start]
			if d == nil {
				return nil, failf(CheckReceipt, at, "the start %s of this end is not in the bundle", l.Start)
			}
			if err := Continues(d.start.Receipt, l.Receipt); err != nil {
				return nil, fail(CheckReceipt, at, err)
			}
			d.end = l
			delete(open, l.Start)
			list = append(list, d)
		default:
			return nil, failf(CheckNotNeeded, at, "a receipt of kind %q", l.Kind)
		}
	}
	for _, item := range open {
		return nil, failf(CheckReceipt, item.start.at, "the start %s has no end in the bundle", item.start.ID)
	}
	return list, nil
}

// ParseReceipt decodes an entry of a receipt log, which must have its only valid
// encoding.
func ParseReceipt(entry []byte) (r ledger.Receipt, err error) {
	if err := decodeCanonical(entry, &r); err != nil {
		return r, err
	}
	if r.V != 1 {
		return r, fmt.Errorf("a receipt of version %d", r.V)
	}
	return r, nil
}

// Continues checks an end receipt. It must repeat its start receipt, except the
// members that say how the delivery ended. Its time may be slightly earlier than
// that of the start, since only the start's time is raised to that of the ledger.
func Continues(start, end ledger.Receipt) error {
	again := end
	again.Kind, again.ID, again.Time, again.Revision = start.Kind, start.ID, start.Time, start.Revision
	again.Start, again.Bytes, again.BytesMax, again.Outcome = "", 0, 0, ""
	if !reflect.DeepEqual(again, start) || end.Revision != nil || end.ID != ledger.DeriveID("end", string(start.ID)) || end.Time+ledger.Skew < start.Time {
		return errors.New("the end does not belong to its start")
	}
	sent := end.Bytes
	switch end.Outcome {
	case ledger.Complete:
		if end.Bytes != start.Length {
			return fmt.Errorf("complete, with %d bytes of %d", end.Bytes, start.Length)
		}
	case ledger.Interrupted:
		sent = max(sent, end.BytesMax)
	case ledger.Partial, ledger.Aborted:
	default:
		return fmt.Errorf("outcome %q", end.Outcome)
	}
	if end.Bytes < 0 || sent > start.Length || end.Outcome != ledger.Interrupted && end.BytesMax != 0 {
		return errors.New("more bytes than were requested")
	}
	return nil
}

// isAbout reports whether a delivery belongs to what the bundle is about.
func (v *verification) isAbout(d *delivery) bool {
	about, s := v.bundle.About, d.start
	switch about.Kind() {
	case ledger.KindReceipt:
		return about.ID() == string(s.hash) || about.ID() == string(d.end.hash)
	case ledger.KindOrder:
		return s.Flow == ledger.Delivery && about.ID() == string(s.Order)
	case ledger.KindLicense:
		return s.Flow == ledger.Supply && about.ID() == string(s.License)
	}
	return s.Flow == ledger.Supply && about == s.Subject
}

// Drift is the maximum difference between the clocks of a node and of its ledger:
// each is within Skew of the true time.
const Drift = 2 * ledger.Skew

// judge checks the deliveries that were decided before the next call (nil: all
// remaining ones) on the current state. Their times must be between those of the
// calls around them.
func (v *verification) judge(next *recorded) error {
	for len(v.pending) > 0 {
		d := v.pending[0]
		s := d.start
		if next != nil && s.Revision.Block >= next.Position.Block {
			return nil
		}
		if next != nil && s.Time > next.Time+Drift || len(v.calls) > 0 && s.Time+ledger.Skew < v.calls[len(v.calls)-1].Time && v.logged {
			return failf(CheckReceipt, s.at, "its time is not between the calls around its revision %d", s.Revision.Block)
		}
		if err := v.rule.Start(view{v, &v.roots}, s.log, s.Receipt); err != nil {
			return fail(CheckDelivery, s.at, err)
		}
		if err := v.rule.Count(v, s.Receipt, d.end.Receipt); err != nil {
			return fail(CheckDelivery, s.at, err)
		}
		v.pending, v.judged = v.pending[1:], append(v.judged, d)
	}
	return nil
}

// checkAnchors checks each receipt against the anchor of its log (RFC 9162 §2.1.3).
// It must be older than the anchor.
func (v *verification) checkAnchors() error {
	for i, g := range v.bundle.Receipts {
		at := fmt.Sprintf("receipts[%d]", i)
		if g.Anchor < 0 || g.Anchor >= len(v.calls) || v.calls[g.Anchor].anchor == nil {
			return failf(CheckReceipt, at, "calls[%d] is not an anchor", g.Anchor)
		}
		a := v.calls[g.Anchor]
		if a.anchor.Log != g.Log {
			return failf(CheckReceipt, at, "the anchor belongs to the log %s", a.anchor.Log)
		}
		v.roots = append(v.roots, g.Anchor)
		for j, item := range g.Items {
			if err := included(item.Path, a.anchor.Size, hash(a.anchor.Root), item.Index, item.Entry); err != nil {
				return fail(CheckReceipt, fmt.Sprintf("%s.items[%d]", at, j), err)
			}
		}
	}
	for _, d := range v.judged {
		a := v.calls[v.bundle.Receipts[d.group].Anchor]
		if d.start.Revision.Block >= a.Position.Block || max(d.start.Time, d.end.Time) > a.Time+ledger.Skew {
			return failf(CheckReceipt, d.start.at, "decided after its anchor, or younger")
		}
	}
	return nil
}
