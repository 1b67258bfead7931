package ledger

// ResumeStep is how far back a resume may begin, in bytes (protocol §7).
const ResumeStep = 16 << 20

// Delivered adds up what receipts say was delivered under one order or license, to
// compare it with the limits. The zero value is ready for use. The receipts may be
// a part of all: so it counts the least that they can come to. What a resume sends
// again counts once, and nothing says which delivery went on from which, so that each
// one that broke off counts ResumeStep less.
type Delivered struct {
	bytes, again int64
	objects      map[string]*deliveredObject
}

// deliveredObject is what was delivered of one object.
type deliveredObject struct{ size, starts, bytes, again int64 }

// Add adds a delivery by its start and its end.
func (d *Delivered) Add(start, end Receipt) {
	o := d.objects[start.Object]
	if o == nil {
		o = &deliveredObject{size: start.Size}
		if d.objects == nil {
			d.objects = map[string]*deliveredObject{}
		}
		d.objects[start.Object] = o
	}
	o.starts++
	o.bytes += end.Bytes
	d.bytes += end.Bytes
	if end.Outcome != Complete {
		o.again += ResumeStep
		d.again += ResumeStep
	}
}

// Within refuses what is past the limits (D2).
func (d *Delivered) Within(q Quota) *Error {
	switch {
	case q.Bytes > 0 && d.bytes-d.again > q.Bytes:
		return forbid(ReasonQuota, "D2").At("limits.bytes")
	case q.Uses > 0 && d.uses() > q.Uses:
		return forbid(ReasonQuota, "D2").At("limits.uses")
	}
	return nil
}

// uses counts the uses of all objects: of one, its bytes over its size, and of an
// empty one its starts.
func (d *Delivered) uses() (n int64) {
	for _, o := range d.objects {
		switch {
		case o.size == 0:
			n += o.starts
		case o.bytes-o.again <= o.size:
			n++
		default:
			n += (o.bytes-o.again-1)/o.size + 1
		}
	}
	return n
}
