package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
)

// PointReader is a state that reads single keys. Get returns false for a missing
// key.
type PointReader interface {
	Get(key string) (value []byte, ok bool, err error)
}

// factLoader loads the records that a rule checks. err is the first error.
type factLoader struct {
	state PointReader
	err   error
}

// loadFact reads a record that must exist.
func loadFact[R any, T ~string](f *factLoader, kind string, id T) (record R) {
	if f.err != nil {
		return record
	}
	ref := RefTo(kind, id)
	raw, ok, err := f.state.Get(RecordKey(ref))
	switch {
	case err != nil:
		f.err = fmt.Errorf("read %s: %w", ref, err)
	case !ok:
		f.err = Refuse(NotFound, ReasonUnknown).With("ref", string(ref))
	default:
		if err := json.Unmarshal(raw, &record); err != nil {
			f.err = fmt.Errorf("decode %s: %w", ref, err)
		}
	}
	return record
}

// entries reads the entries of resources with their submissions. It leaves out
// resources without an entry.
func (f *factLoader) entries(resources ...ID) map[ID]EntryDetail {
	list := map[ID]EntryDetail{}
	for _, id := range resources {
		if index := loadFact[ResourceIndex](f, KindResource, id); index.Entry != "" {
			entry := loadFact[Entry](f, KindEntry, index.Entry)
			list[id] = EntryDetail{Entry: entry, Resource: loadFact[Submission](f, KindSubmission, entry.SubjectHash).Resource}
		}
	}
	return list
}

// file reads of which resources a file is content. A bundle of evidence does not contain
// this index (contract.Env.Unrelated): then the result is empty.
func (f *factLoader) file(sha256 Digest) (use FileUse) {
	if f.err != nil {
		return use
	}
	use = loadFact[FileUse](f, KindFile, sha256)
	if errors.Is(f.err, NotFound) {
		f.err = nil
	}
	return use
}

// key reads the record of a key. It returns the zero record if kid is empty or the
// key is unknown.
func (f *factLoader) key(kid KeyID) (k KeyRecord) {
	if kid == "" || f.err != nil {
		return k
	}
	k = loadFact[KeyRecord](f, KindKey, kid)
	if errors.Is(f.err, NotFound) {
		f.err = nil
	}
	return k
}

// LoadDelivery reads the facts that CheckDelivery needs for a start receipt, from
// the state at the receipt's policy revision.
func LoadDelivery(state PointReader, start Receipt) (DeliveryFacts, error) {
	f := &factLoader{state: state}
	d := DeliveryFacts{Content: loadFact[Content](f, KindContent, start.Content)}
	d.Order = loadFact[Order](f, KindOrder, start.Order)
	d.Product = loadFact[Product](f, KindProduct, d.Order.Product)
	d.License = loadFact[License](f, KindLicense, d.Order.License)
	d.Operator = loadFact[Party](f, KindParty, d.Order.Operator)
	d.Buyer = loadFact[Party](f, KindParty, d.Order.Buyer)
	d.Key = f.key(start.Key)
	d.File = f.file(d.Content.SHA256)
	d.Entries = f.entries(OrderSources(d.Order, d.Product)...)
	return d, f.err
}

// LoadSupply reads the facts that CheckSupply needs for a start receipt, from the
// state at the receipt's policy revision.
func LoadSupply(state PointReader, start Receipt) (SupplyFacts, error) {
	f := &factLoader{state: state}
	d := SupplyFacts{Content: loadFact[Content](f, KindContent, start.Content)}
	d.License = loadFact[License](f, KindLicense, start.License)
	d.Operator = loadFact[Party](f, KindParty, d.License.Assignee)
	d.Environment = loadFact[Environment](f, KindEnvironment, start.Environment)
	d.Entries = f.entries(ID(start.Subject.ID()))
	return d, f.err
}
