package ledger

// ResumeStep is how far back a resume may begin, in bytes (protocol §7).
const ResumeStep = 16 << 20

// Delivered adds up what receipts report as delivered under one order, or under one
// license by one flow, and compares it with the limits. The zero value is ready for use.
// The receipts may be only a part of all, and they don't say which delivery resumed
// which. So it computes the least that was used: of each delivery that ended early,
// ResumeStep may have been sent again, and of one object and party at most the whole
// object (protocol §7).
type Delivered struct {
	objects map[string]*deliveredObject
}

// deliveredObject is what was delivered of one object.
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

// Within refuses what exceeds the limits (D2).
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
		return forbid(ReasonQuota, "D2").At("limits.bytes")
	case q.Uses > 0 && uses > q.Uses:
		return forbid(ReasonQuota, "D2").At("limits.uses")
	}
	return nil
}

// least returns the least number of bytes that count against the limits.
func (o *deliveredObject) least() int64 {
	least := o.bytes
	for _, bytes := range o.resent {
		least -= bytes
	}
	return max(least, 0)
}
