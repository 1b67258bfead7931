package ledger

// ResumeStep is how far back, in bytes, a resumed delivery may begin (protocol §7).
const ResumeStep = 16 << 20

// Delivered computes from receipts how much was delivered under one order or
// license, for comparison with the limits. The zero value is ready to use. The
// given receipts may be only a part of all receipts, so the result is a lower
// bound. Bytes that a resumed delivery sends again count once. Receipts do not say
// which delivery resumes which, so ResumeStep bytes are subtracted for each
// delivery that broke off.
type Delivered struct {
	bytes, again int64
	objects      map[string]*deliveredObject
}

// deliveredObject is the amount delivered of one object.
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

// Within refuses an amount above the limits (D2).
func (d *Delivered) Within(q Quota) *Error {
	switch {
	case q.Bytes > 0 && d.bytes-d.again > q.Bytes:
		return forbid(ReasonQuota, "D2").At("limits.bytes")
	case q.Uses > 0 && d.uses() > q.Uses:
		return forbid(ReasonQuota, "D2").At("limits.uses")
	}
	return nil
}

// uses returns the number of uses of all objects: for each, its delivered bytes
// divided by its size, or for an empty one its starts.
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
