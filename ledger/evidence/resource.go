package evidence

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// registered is a resource as it was applied for, with its entry once it has one.
type registered struct {
	resource ledger.Resource
	holder   ledger.ID
	entry    *ledger.Entry // nil: applied for, not yet coded
}

// facts are what licenses look at.
func (r registered) facts() ledger.Facts {
	return ledger.Entry{Subject: r.resource.ID, Holder: r.holder, Resource: r.resource}.Facts()
}

// effective reports whether the resource may be supplied on day, as far as the
// bundle shows. By the grace gate an application is enough (domain §2.1).
func (r registered) effective(day ledger.Date) bool { return r.entry == nil || r.entry.Effective(day) }

// resource proves the entry of a resource or, under the grace gate, the
// application for one.
func (v *verification) resource(id ledger.ID) (registered, error) {
	ref := ledger.RefTo(ledger.KindResource, id)
	return once(v, ref, func() (registered, error) {
		applied, coded := v.applications(id)
		switch {
		case coded != "":
			e, err := v.entry(coded)
			return registered{resource: e.Resource, holder: e.Holder, entry: &e}, err
		case applied != "" && (v.genesis.Gate == ledger.GateGrace || v.bundle.About == ref):
			a, err := v.application(applied)
			return registered{resource: a.Resource, holder: a.Applicant}, err
		}
		return registered{}, failf(CheckMissing, string(ref), "the bundle holds no entry of it")
	})
}

// applications are the last application for a resource in the bundle, and the
// last that was coded.
func (v *verification) applications(resource ledger.ID) (applied, coded ledger.ID) {
	for _, a := range v.acts {
		if a.fn() != ledger.FnAppSubmit && a.fn() != ledger.FnAppResubmit {
			continue
		}
		args, err := submitted(a)
		if err != nil || args.Resource.ID != resource {
			continue
		}
		applied = args.Application
		if len(v.actsOn(ledger.RefTo(ledger.KindEntry, applied))) > 0 {
			coded = applied
		}
	}
	return applied, coded
}

// submitted are the arguments of a submit or resubmit.
func submitted(a *act) (ledger.AppSubmitArgs, error) {
	if a.fn() == ledger.FnAppResubmit {
		var args ledger.AppResubmitArgs
		err := typed(a, &args)
		return args.AppSubmitArgs, err
	}
	var args ledger.AppSubmitArgs
	err := typed(a, &args)
	return args, err
}

// entry proves an entry down to the application, its examination and deposit.
func (v *verification) entry(id ledger.ID) (ledger.Entry, error) {
	ref := ledger.RefTo(ledger.KindEntry, id)
	return once(v, ref, func() (ledger.Entry, error) {
		e, list, err := proven[ledger.Entry](v, ref)
		if err != nil {
			return e, err
		}
		app := ledger.RefTo(ledger.KindApplication, id)
		steps, err := v.chain(app, list[0])
		if err != nil {
			return e, err
		}
		args, payload, err := v.examined(app, steps)
		if err != nil {
			return e, err
		}
		if e.ID != id || e.Subject != args.Resource.ID || e.Holder != steps[0].party() || e.Body != args.Body ||
			e.SubjectHash != payload || e.Title != args.Resource.Title || !same(e.Resource, args.Resource) {
			return e, failf(CheckRecord, string(ref), "the entry is not what the holder applied for")
		}
		if err := coded(e, list[0]); err != nil {
			return e, err
		}
		open := 0
		for _, a := range list[1:] {
			if a.fn() == ledger.FnEntrySuspend {
				open++
			} else {
				open--
			}
		}
		if e.State != ledger.EntryActive || len(e.Suspensions) != open {
			return e, failf(CheckRecord, string(ref), "the record says %s with %d suspensions, the calls lead to active with %d",
				e.State, len(e.Suspensions), open)
		}
		if open == 0 {
			v.right(ledger.Hold, e.Holder, ledger.RefTo(ledger.KindResource, e.Subject), e.ValidFrom, e.ValidUntil, ref)
		}
		return e, nil
	})
}

// maxTerm is how many years an entry counts at most (R15).
const maxTerm = 3

// coded holds codes and term to the day and arguments of the coding call.
func coded(e ledger.Entry, a *act) error {
	var args ledger.AppCodeArgs
	if err := typed(a, &args); err != nil {
		return err
	}
	day := dayOf(a.Time)
	year, err := strconv.Atoi(string(day[:4]))
	if err != nil {
		return fail(CheckRecord, a.where(), err)
	}
	last := ledger.Date(strconv.Itoa(year+maxTerm)) + day[4:]
	if e.ValidFrom != day || e.ValidUntil > last || e.RegistryCode != args.RegistryCode ||
		e.CadCode != ledger.MakeCadCode(e.Resource.Spatial, '1', day, e.ID) {
		return failf(CheckRecord, string(ledger.RefTo(ledger.KindEntry, e.ID)), "codes or term are not those of the coding")
	}
	return nil
}

// application proves an application as its last call in the bundle left it.
func (v *verification) application(id ledger.ID) (ledger.Application, error) {
	ref := ledger.RefTo(ledger.KindApplication, id)
	return once(v, ref, func() (ledger.Application, error) {
		r, list, err := proven[ledger.Application](v, ref)
		if err != nil {
			return r, err
		}
		args, payload, err := v.examined(ref, list)
		if err != nil {
			return r, err
		}
		if r.ID != id || r.Applicant != list[0].party() || r.Body != args.Body || r.Deposit != args.Deposit ||
			r.SubmitPayload != payload || !same(r.Resource, args.Resource) || !same(r.Materials, args.Materials) ||
			r.InternalReview != args.InternalReview || !slices.Contains(after(last(list).fn()), r.State) {
			return r, failf(CheckRecord, string(ref), "the record is not what the holder applied for, or not where its calls lead")
		}
		return r, nil
	})
}

// after are the states that a step of an application may lead to (domain §2.3).
func after(fn ledger.Function) (list []ledger.ApplicationState) {
	a, _ := ledger.ActOf(fn)
	for _, m := range a.Moves {
		list = append(list, ledger.ApplicationState(m.To))
	}
	return list
}

// examined holds the steps of an application to who may take them, and returns
// what was last applied for and the payload that said so.
func (v *verification) examined(ref ledger.Ref, list []*act) (ledger.AppSubmitArgs, ledger.Digest, error) {
	var args ledger.AppSubmitArgs
	var payload ledger.Digest
	holder := list[0].party()
	for _, a := range list {
		var by ledger.ID
		switch a.fn() {
		case ledger.FnAppSubmit, ledger.FnAppResubmit:
			var err error
			if args, err = submitted(a); err != nil {
				return args, payload, err
			}
			by, payload = holder, a.signed.Payload
		case ledger.FnAppWithdraw:
			by = holder
		case ledger.FnAppObject:
			by = a.party() // anyone concerned (R12)
		default:
			by = args.Body
		}
		if a.party() != by {
			return args, payload, failf(CheckRecord, string(ref), "%s is not the act of party %s", a.fn(), a.party())
		}
	}
	return args, payload, v.deposit(args.Deposit, holder)
}

// deposit proves that the applicant fixed the hash on record (R7).
func (v *verification) deposit(sum ledger.Digest, by ledger.ID) error {
	ref := ledger.RefTo(ledger.KindDeposit, sum)
	a, err := v.last(ref)
	if err != nil {
		return err
	}
	if a.party() != by {
		return failf(CheckRecord, string(ref), "the deposit is of another party")
	}
	v.use(a, ref)
	return nil
}

// content proves that an owner put an object on record, down to its subject.
func (v *verification) content(id ledger.ID) (ledger.Content, error) {
	ref := ledger.RefTo(ledger.KindContent, id)
	return once(v, ref, func() (ledger.Content, error) {
		c, list, err := proven[ledger.Content](v, ref)
		if err != nil {
			return c, err
		}
		var args ledger.ContentArgs
		if err := typed(list[0], &args); err != nil {
			return c, err
		}
		said := ledger.ContentArgs{
			ID: c.ID, Subject: c.Subject, Object: c.Object, SHA256: c.SHA256, Bytes: c.Bytes,
			Ingest: c.Ingest, Node: c.Node, Name: c.Name,
		}
		if said != args || (c.State == ledger.ContentRemoved) != (len(list) > 1) {
			return c, failf(CheckRecord, string(ref), "the record is not what the owner signed")
		}
		owner, err := v.owner(c.Subject)
		if err != nil {
			return c, err
		}
		for _, a := range list {
			if a.party() != owner || c.Owner != owner {
				return c, failf(CheckRecord, string(ref), "%s is not the act of the owner of %s", a.fn(), c.Subject)
			}
		}
		v.files = append(v.files, File{Content: c.ID, Subject: c.Subject, SHA256: c.SHA256, Bytes: c.Bytes, Name: c.Name})
		return c, nil
	})
}

// owner proves a content's subject and says whose it is.
func (v *verification) owner(subject ledger.Ref) (ledger.ID, error) {
	if subject.Kind() == ledger.KindProduct {
		p, err := v.product(ledger.ID(subject.ID()))
		return p.Operator, err
	}
	r, err := v.resource(ledger.ID(subject.ID()))
	return r.holder, err
}

// environment proves that an operator's environment is on record.
func (v *verification) environment(id ledger.ID) (ledger.Environment, error) {
	ref := ledger.RefTo(ledger.KindEnvironment, id)
	return once(v, ref, func() (ledger.Environment, error) {
		e, list, err := proven[ledger.Environment](v, ref)
		if err != nil {
			return e, err
		}
		var args ledger.EnvironmentArgs
		if err := typed(list[0], &args); err != nil {
			return e, err
		}
		want := ledger.EnvironmentProof{Ledger: v.bundle.Ledger, ID: id, Operator: args.Operator}
		if err := ledger.CheckEnvironment(v.algs, args.Proof, args.Key, want); err != nil {
			return e, fail(CheckSignature, string(ref), err)
		}
		said := ledger.EnvironmentArgs{
			ID: e.ID, Operator: e.Operator, Region: e.Region, Attestation: e.Attestation,
			Key: e.Key, Proof: args.Proof,
		}
		if said != args || e.SetBy != list[0].party() {
			return e, failf(CheckRecord, string(ref), "the record is not what the implementer signed")
		}
		return e, nil
	})
}
