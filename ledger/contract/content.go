package contract

import "github.com/datacadastre/cadastre/ledger"

// addContent records an uploaded object as content. A holder may add content to its
// own resource, an operator to its own product. The record cites the ingest receipt
// by hash; the receipt itself is in the node's receipt log.
func addContent(t *tx, a ledger.ContentArgs) (ledger.Content, error) {
	c := ledger.Content{
		ID: a.ID, Subject: a.Subject, Owner: t.me(), Object: a.Object, SHA256: a.SHA256,
		Bytes: a.Bytes, Ingest: a.Ingest, Node: a.Node, Name: a.Name,
	}
	if err := t.ownsSubject(a.Subject); err != nil {
		return c, err
	}
	known, err := t.exists(ledger.RecordKey(ledger.RefTo(ledger.KindLog, ledger.ReceiptLog(a.Node))))
	if err != nil {
		return c, err
	}
	if !known {
		return c, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("node")
	}
	if err := t.addFile(c); err != nil {
		return c, err
	}
	ref := ledger.RefTo(ledger.KindContent, a.ID)
	t.link(ref, "content_of", a.Subject)
	t.link(ledger.RefTo(ledger.KindFile, a.SHA256), "content_of", ref)
	return c, nil
}

// ownsSubject checks that the resource or the listed product belongs to the caller.
func (t *tx) ownsSubject(subject ledger.Ref) error {
	if subject.Kind() == ledger.KindResource {
		idx, err := load[ledger.ResourceIndex](t, subject, "subject")
		if err != nil {
			return err
		}
		if idx.Holder != t.me() || !t.caller.Has(ledger.RoleHolder) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("subject")
		}
		return nil
	}
	p, err := load[ledger.Product](t, subject, "subject")
	if err != nil {
		return err
	}
	if p.Operator != t.me() || !t.caller.Has(ledger.RoleOperator) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("subject")
	}
	if p.State != ledger.ProductListed {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotListed).At("subject").With("state", string(p.State))
	}
	return nil
}

// removeContent ends the supply and delivery of one object. The frame sets the new
// state; the record is not deleted.
func removeContent(t *tx, _ ledger.AnswerArgs, c *ledger.Content) error {
	t.dropIndex(ledger.ContentOfKey(c.Subject, c.SHA256, c.Node))
	if c.Subject.Kind() == ledger.KindResource {
		return nil // it is still raw data
	}
	return t.countContent(c.Subject, -1)
}

// addFile checks a file that becomes content and writes the indexes of files: the same
// file is not content of the same subject twice at one node, and raw data of a resource
// that is not open is not content of a product.
func (t *tx) addFile(c ledger.Content) error {
	same := ledger.ContentOfKey(c.Subject, c.SHA256, c.Node)
	if known, err := t.exists(same); err != nil {
		return err
	} else if known {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonSameContent).At("sha256")
	}
	if err := t.setIndex(same, c.ID); err != nil {
		return err
	}
	if c.Subject.Kind() == ledger.KindResource {
		return changeGroup(t, ledger.FileKey(c.SHA256), func(u ledger.FileUse) (ledger.FileUse, bool) {
			return u.With(ledger.ID(c.Subject.ID()))
		})
	}
	if c.Bytes < 1 {
		return ledger.Invalid("bytes", "product_not_empty")
	}
	if err := t.checkNotRaw(c.SHA256); err != nil {
		return err
	}
	return t.countContent(c.Subject, 1)
}

// checkNotRaw refuses, for a product, a file that is content of a resource, unless that
// is registered as open.
func (t *tx) checkNotRaw(sha256 ledger.Digest) error {
	use, known, err := readGroup[ledger.FileUse](t, ledger.FileKey(sha256), ledger.ReasonRawContent)
	if err != nil || !known {
		return err
	}
	entries, err := t.entriesOf(use.Resources)
	if err != nil {
		return err
	}
	if e := ledger.CheckFile(use, entries, t.today()); e != nil {
		return e.At("sha256")
	}
	return nil
}

// countContent adds to the number of effective content records of a product.
func (t *tx) countContent(product ledger.Ref, n int64) error {
	return changeGroup(t, ledger.ProductContentKey(ledger.ID(product.ID())), func(c ledger.ProductContent) (ledger.ProductContent, bool) {
		c.Effective += n
		return c, true
	})
}
