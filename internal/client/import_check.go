package client

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

// wouldApply checks what apply would record, and records nothing. The ledger therefore can't
// find two records of the file that exclude each other, with the same title or the same
// bytes; claim finds those. A missing deposit is no fault: an import makes it first.
func (i *importing) wouldApply(ctx context.Context, r catalog.Record, application ledger.ID) (ledger.Digest, ImportState, error) {
	p := i.c.profile
	payload, err := i.c.Payload(ctx, catalog.CallID(p.Ledger, ledger.FnAppSubmit, p.Party, r.Source, r.Hash))
	if err == nil {
		return payload, Unchanged, nil
	}
	if !errors.Is(err, ledger.NotFound) {
		return "", "", markParty(err)
	}
	args := i.args(r, application)
	if err := args.Validate(); err != nil {
		return "", "", err
	}
	err = i.c.Check(ctx, ledger.FnAppSubmit, args)
	if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonDeposit && e.Code == ledger.NotFound {
		err = nil
	}
	if err == nil {
		err = i.claim(r)
	}
	return "", Imported, markParty(err)
}

// claim refuses a record if an earlier record of the file excludes it.
func (i *importing) claim(r catalog.Record) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	title, hash := "title/"+ledger.FoldTitle(r.Resource.Title), "hash/"+string(r.Hash)
	duplicate := ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate)
	switch {
	case i.claimed[title]:
		return duplicate.At("resource.title")
	case i.claimed[hash]:
		return duplicate.At("deposit_hash")
	}
	i.claimed[title], i.claimed[hash] = true, true
	return nil
}
