package ledger

// ResumeStep is how far back, in bytes, a resumed delivery may begin.
const ResumeStep = 16 << 20

// Delivered adds up from receipts how much was delivered under one order, or under one
// license by one flow, and compares it with the limits. The zero value is ready to use.
// The given receipts may be only a part of all receipts, and they do not say which
// delivery resumed which. So the result is a lower bound: ResumeStep bytes of each
// delivery that ended early may have been sent again, but at most the whole object per
// object and party.
type Delivered struct {
	objects map[string]*deliveredObject
}

// deliveredObject is the amount delivered of one object.
type deliveredObject struct {
	size, starts, bytes int64
	resent              map[ID]int64 // by party, at most size
}

// Add adds a delivery by its start and its end.
func (d *Delivered) Add(start, end Receipt) {
	o := d.objects[start.Object]
	if o == nil {
		o = &deliveredObject{size: start.Size, resent: map[ID]int64{}}
		if d.objects == nil {
			d.objects = map[string]*deliveredObject{}
		}
		d.objects[start.Object] = o
	}
	o.starts++
	o.bytes += end.Bytes
	if end.Outcome != Complete {
		o.resent[start.Party] = min(o.resent[start.Party]+ResumeStep, o.size)
	}
}

// Within refuses an amount above the limits (D2).
func (d *Delivered) Within(q Quota) *Error {
	var bytes, uses int64
	for _, o := range d.objects {
		least := o.least()
		bytes += least
		switch {
		case o.size == 0:
			uses += o.starts
		case least <= o.size:
			uses++
		default:
			uses += (least-1)/o.size + 1
		}
	}
	switch {
	case q.Bytes > 0 && bytes > q.Bytes:
		return forbid(ReasonLimit, "D2").At("limits.bytes")
	case q.Uses > 0 && uses > q.Uses:
		return forbid(ReasonLimit, "D2").At("limits.uses")
	}
	return nil
}

// least returns a lower bound of the delivered bytes, without those sent again.
func (o *deliveredObject) least() int64 {
	least := o.bytes
	for _, bytes := range o.resent {
		least -= bytes
	}
	return max(least, 0)
}
