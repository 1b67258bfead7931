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
func removeContent(*tx, ledger.AnswerArgs, *ledger.Content) error { return nil }
