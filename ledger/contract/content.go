package contract

import "github.com/datacadastre/cadastre/ledger"

// removed is the state word of content that was taken back.
const removed = "removed"

// addContent puts an uploaded object on record as content: a holder for its own
// resource, an operator for its own product. The ingest receipt is cited by
// hash; the node's receipt log has it.
func addContent(t *tx, a ledger.ContentArgs) error {
	ref := ledger.RefTo(ledger.KindContent, a.ID)
	if err := t.absent(ref, "id"); err != nil {
		return err
	}
	if err := t.ownsSubject(a.Subject); err != nil {
		return err
	}
	known, err := t.has(ledger.RecordKey(ledger.RefTo(ledger.KindLog, ledger.ReceiptLog(a.Node))))
	if err != nil {
		return err
	}
	if !known {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("node")
	}
	t.link(ref, "content_of", a.Subject)
	t.link(ledger.RefTo(ledger.KindFile, a.SHA256), "content_of", ref)
	return t.put(ref, ledger.Content{
		ID: a.ID, Subject: a.Subject, Owner: t.me(), Object: a.Object, SHA256: a.SHA256,
		Bytes: a.Bytes, Ingest: a.Ingest, Node: a.Node, Name: a.Name, Cite: t.cite(),
	})
}

// ownsSubject refuses content for what is not the caller's.
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

// removeContent ends the supply and delivery of one object; its record stays.
func removeContent(t *tx, a ledger.AnswerArgs) error {
	ref := ledger.RefTo(ledger.KindContent, a.ID)
	c, err := load[ledger.Content](t, ref, "id")
	if err != nil {
		return err
	}
	if c.Owner != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("id")
	}
	if c.Removed {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("id").With("state", removed)
	}
	if err := answers(a.Answers, c.Cite); err != nil {
		return err
	}
	c.Removed, c.Cite = true, t.cite()
	return t.put(ref, c)
}
