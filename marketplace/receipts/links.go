package receipts

import "github.com/datacadastre/cadastre/ledger"

// Relations of the links that begin at a receipt.
const (
	RelOrder   = "order"   // start → order
	RelLicense = "license" // start → license
	RelContent = "content" // start → content
	RelSubject = "subject" // start → product or resource
	RelFile    = "file"    // ingest → file
)

// LinksOf returns the links that begin at a receipt. A start links to its order,
// license, content, and product or resource; an ingest links to the ingested file. An
// end is reached through its start; denials and reads have no links.
func LinksOf(from ledger.Ref, r ledger.Receipt) []ledger.Link {
	var links []ledger.Link
	add := func(rel string, to ledger.Ref) { links = append(links, ledger.Link{From: from, Rel: rel, To: to}) }
	switch r.Kind {
	case ledger.ReceiptStart:
		if r.Order != "" {
			add(RelOrder, ledger.RefTo(ledger.KindOrder, r.Order))
		}
		if r.License != "" {
			add(RelLicense, ledger.RefTo(ledger.KindLicense, r.License))
		}
		if r.Content != "" {
			add(RelContent, ledger.RefTo(ledger.KindContent, r.Content))
		}
		if r.Subject != "" {
			add(RelSubject, r.Subject)
		}
	case ledger.ReceiptIngest:
		add(RelFile, ledger.RefTo(ledger.KindFile, r.SHA256))
	case ledger.ReceiptEnd, ledger.ReceiptDenial, ledger.ReceiptRead:
	}
	return links
}
