package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// genesis creates the ledger: its rules and limits, the data authority and the first
// node.
func genesis(t *tx, a ledger.GenesisArgs) error {
	if a.Authority.ID != t.me() {
		return ledger.Invalid("authority.id", "same_as_call")
	}
	if t.v.Compact != "" { // in Check the call has no signature
		if err := t.selfSigned(a); err != nil {
			return err
		}
	}
	platform, err := ledger.ParseProfile(t.algs, a.Platform)
	if err != nil {
		return err
	}
	if !slices.Contains(platform.Roles, ledger.RolePlatform) || platform.LogKey == "" {
		return ledger.Invalid("platform", "platform_with_log_key")
	}
	if platform.Origin != a.Origin {
		return ledger.Invalid("platform", "same_origin")
	}
	if err := checkDistinct(a, platform); err != nil {
		return err
	}
	t.genesis = ledger.Genesis{
		Ledger: a.Ledger, Name: a.Name, Region: a.Region, Origin: a.Origin, LedgerKey: a.LedgerKey,
		Authority: a.Authority.ID, Recovery: a.Recovery, Platform: platform.ID, Limits: a.Limits, Gate: a.Gate,
		Rules: a.Rules, Demo: a.Demo, Clock: a.Clock, Time: t.now(),
	}
	if err := t.putRecord(ledger.GenesisRef, t.genesis); err != nil {
		return err
	}
	if err := t.putKey(ledger.KeyRecord{
		Party: a.Authority.ID, JWK: a.Recovery, Use: ledger.UseSign, Custody: ledger.CustodySelf, From: t.now(), Recovery: true,
	}); err != nil {
		return err
	}
	if err := t.addParty(a.Authority); err != nil {
		return err
	}
	return t.addParty(platform)
}

// selfSigned checks that the signed call is the one genesis that this ledger accepts
// (Env.Genesis), names this ledger, and is signed by a sign key of its authority.
func (t *tx) selfSigned(a ledger.GenesisArgs) error {
	if t.env.Genesis != "" && ledger.DigestOf([]byte(t.v.Compact)) != t.env.Genesis {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonGenesis)
	}
	if a.Ledger != t.v.Call.Ledger {
		return ledger.Invalid("ledger", "same_as_call")
	}
	if k, ok := keyArg(a.Authority, t.v.JWS.Header.Kid); !ok || k.Use != ledger.UseSign {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("header.kid")
	}
	return nil
}

// checkDistinct checks that the authority, the node and the recovery key have
// nothing in common. addParty cannot check this, since a call does not see its own
// writes.
func checkDistinct(a ledger.GenesisArgs, platform ledger.PartyProfile) error {
	if slices.Contains(a.Authority.Roles, ledger.RolePlatform) {
		return ledger.Invalid("authority.roles", "not_platform")
	}
	if platform.ID == a.Authority.ID || platform.USCC == a.Authority.USCC {
		return ledger.Invalid("platform", "another_party")
	}
	for _, k := range platform.Keys {
		if _, ok := keyArg(a.Authority, k.JWK.Thumbprint()); ok {
			return ledger.Invalid("platform", "keys_of_its_own")
		}
	}
	for _, p := range []ledger.PartyProfile{a.Authority, platform} {
		if _, ok := keyArg(p, a.Recovery.Thumbprint()); ok {
			return ledger.Invalid("recovery", "key_of_its_own")
		}
	}
	return nil
}

// admitParty adds a party that the data authority has verified (DSL33).
func admitParty(t *tx, a ledger.PartyAdmitArgs) error {
	p, err := ledger.ParseProfile(t.algs, a.Application)
	if err != nil {
		return err
	}
	if slices.Contains(p.Roles, ledger.RolePlatform) && (p.Origin == "" || p.LogKey == "") {
		return ledger.Invalid("application.origin", "platform_with_log_key")
	}
	if err := t.checkAdmits(p); err != nil {
		return err
	}
	return t.addParty(p)
}

// addParty writes a party with its keys. Each key and each credit code (USCC) must
// be new on the whole ledger.
func (t *tx) addParty(p ledger.PartyProfile) error {
	if err := t.checkProfile(p); err != nil {
		return err
	}
	ref := ledger.RefTo(ledger.KindParty, p.ID)
	record := ledger.Party{
		ID: p.ID, Name: p.Name, USCC: p.USCC, Kind: p.Kind, Roles: p.Roles, Region: p.Region, Under: t.under(p.Region),
		Affiliates: list(p.Affiliates), Origin: p.Origin, URL: p.URL, AdmittedAt: t.now(), AdmittedBy: t.me(),
		Suspensions: []ledger.Suspension{}, Cite: t.cite(),
	}
	if err := t.putRecord(ref, record); err != nil {
		return err
	}
	if err := t.addKeys(p); err != nil {
		return err
	}
	if err := t.setIndex(ledger.USCCKey(p.USCC), p.ID); err != nil {
		return err
	}
	if slices.Contains(p.Roles, ledger.RolePlatform) {
		log := ledger.LogRecord{Origin: ledger.ReceiptLog(p.Origin), Owner: p.ID, Key: p.LogKey}
		if err := t.absent(ledger.RefTo(ledger.KindLog, log.Origin), "origin"); err != nil {
			return err
		}
		return t.putRecord(ledger.RefTo(ledger.KindLog, log.Origin), log)
	}
	return nil
}

// under returns the region whose offices are over a party: its own if the authority
// that admits it covers that, else the authority's.
func (t *tx) under(region ledger.Region) ledger.Region {
	admits := t.caller.Region
	if t.act.Name == ledger.FnGenesis {
		admits = t.genesis.Region
	}
	if admits.Covers(region) {
		return region
	}
	return admits
}

// checkProfile checks a party's roles and kind, who stores its keys, and that it is new.
func (t *tx) checkProfile(p ledger.PartyProfile) error {
	if err := checkRoles(p); err != nil {
		return err
	}
	for _, r := range []ledger.Role{ledger.RoleRegistryBody, ledger.RoleDataAuthority, ledger.RoleImplementer} {
		if !slices.Contains(p.Roles, r) || t.genesis.Limits.Zero() {
			continue
		}
		for i, k := range p.Keys {
			if k.Use == ledger.UseSign && k.Custody == ledger.CustodyNode {
				return ledger.Refuse(ledger.Forbidden, ledger.ReasonCustody).At(at("keys", i) + ".custody")
			}
		}
	}
	if err := t.absent(ledger.RefTo(ledger.KindParty, p.ID), "id"); err != nil {
		return err
	}
	taken, err := t.exists(ledger.USCCKey(p.USCC))
	if err != nil {
		return err
	}
	if taken {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("uscc")
	}
	return nil
}

// checkNewKey refuses a key that a party or an environment already has: a token
// names only its key, so a key must belong to exactly one of them.
func (t *tx) checkNewKey(kid ledger.KeyID, field string) error {
	for _, key := range []string{ledger.RecordKey(ledger.KeyRef(kid)), ledger.EnvironmentKey(kid)} {
		used, err := t.exists(key)
		if err != nil {
			return err
		}
		if used {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At(field)
		}
	}
	return nil
}

func keyArg(p ledger.PartyProfile, kid ledger.KeyID) (ledger.NewKeyArg, bool) {
	for _, k := range p.Keys {
		if k.JWK.Thumbprint() == kid {
			return k, true
		}
	}
	return ledger.NewKeyArg{}, false
}

// suspendParty suspends a party. The data authority that began the ledger cannot be
// suspended.
func suspendParty(t *tx, a ledger.TargetArgs, p *ledger.Party) (err error) {
	if p.ID == t.genesis.Authority {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("id")
	}
	p.Suspensions, err = t.suspend(p.Suspensions, a.Ground)
	return err
}

func resumeParty(t *tx, _ ledger.TargetArgs, p *ledger.Party) (err error) {
	p.Suspensions, err = t.resume(p.Suspensions)
	return err
}

// setCalendar records the list of holidays and make-up workdays of a year. A later
// list replaces an earlier one, but never shortens a running period (tx.lastDay).
func setCalendar(t *tx, a ledger.CalendarArgs) error {
	if err := calendarYear(ledger.CalendarYear{Year: a.Year, Off: a.Off, Work: a.Work}).Validate(); err != nil {
		return ledger.Invalid("off", "calendar_year").With("detail", err.Error())
	}
	return t.putRecord(calendarRef(a.Year), ledger.CalendarYear{Year: a.Year, Off: a.Off, Work: list(a.Work), Source: a.Source, Cite: t.cite()})
}

func calendarRef(year int) ledger.Ref { return ledger.RefTo(ledger.KindCalendar, strconv.Itoa(year)) }

func yearOf(d ledger.Date) int {
	y, err := strconv.Atoi(strings.SplitN(string(d), "-", 2)[0])
	if err != nil {
		return 0
	}
	return y
}
