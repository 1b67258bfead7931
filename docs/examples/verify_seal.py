#!/usr/bin/env python3
"""Check the seal of an evidence bundle of Cadastre (docs/evidence.md, level 1).

    python3 verify_seal.py evidence.json --trust trust.json

It needs Python 3.8 and only its standard library: Ed25519 and P-256 are
implemented below, for checking only. It was written from docs/evidence.md, not
from the program, as a second, independent implementation of the page.

It checks form, signatures, keys, inclusion, order and receipts. It does not run
the rules of the register: only `verify` checks whether each call was lawful and
had the effect that the ledger says (level 2). It accepts only bundles of kind tlog.

Exit codes, like verify: 0 sealed, 1 failed, 2 wrong usage, 5 not sealed.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import unicodedata
from functools import lru_cache

MAX_BUNDLE, MAX_CALL, MAX_PROOF, MAX_DEPTH = 64 << 20, 40 << 10, 4 << 10, 32  # bytes, and levels
SKEW, DAY, LAST_SECOND = 5 * 60 * 1000, 24 * 60 * 60 * 1000, 253402300799  # a clock may be off by SKEW; the last of 9999
MATTERS = "order license environment deposit application entry party resource product content receipt".split()

class Refused(Exception):
    """A bundle is not sealed: the check that failed, where, and why."""

    def __init__(self, check, at, why):
        super().__init__(f"{check} at {at}: {why}" if at else f"{check}: {why}")
        self.check, self.at = check, at

def need(holds, check, at, why):
    if not holds:
        raise Refused(check, at, why)

# Ed25519 (RFC 8032): the key of a log.

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)

def ed_add(a, b):
    """Add points in extended coordinates (X, Y, Z, T)."""
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P

def ed_multiply(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = ed_add(result, point)
        point = ed_add(point, point)
        n >>= 1
    return result

def ed_point(raw):
    """Return the point encoded in 32 bytes, or None if they are not a point."""
    n = int.from_bytes(raw, "little")
    y, odd = n & (2**255 - 1), n >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        return None
    x = P - x if (x & 1) != odd else x
    return x, y, 1, x * y % P

def ed_bytes(point):
    z = pow(point[2], -1, P)
    return (point[1] * z % P | (point[0] * z % P & 1) << 255).to_bytes(32, "little")

BASE = ed_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

@lru_cache(maxsize=4096)
def ed25519(key, signed, signature):
    point = ed_point(key)
    s = int.from_bytes(signature[32:], "little")
    if point is None or len(signature) != 64 or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + signed).digest(), "little") % Q
    minus = (P - point[0], point[1], 1, P - point[3])
    return ed_bytes(ed_add(ed_multiply(s, BASE), ed_multiply(h, minus))) == signature[:32]

# ES256: ECDSA on P-256 (FIPS 186-5), the keys of parties.

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G_X = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
G = (G_X, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5, 1)

def p256_add(a, b):
    """Add points in Jacobian coordinates (X, Y, Z); None is the point at infinity."""
    if a is None or b is None:
        return b if a is None else a
    u, s = a[0] * b[2] ** 2 % FIELD, a[1] * b[2] ** 3 % FIELD
    h, r = (b[0] * a[2] ** 2 - u) % FIELD, (b[1] * a[2] ** 3 - s) % FIELD
    if h:
        c, d, z = u * h * h, s * h ** 3, h * a[2] * b[2]
    elif r:
        return None
    else:
        r, c, d, z = 3 * (a[0] ** 2 - a[2] ** 4), 4 * a[0] * a[1] ** 2, 8 * a[1] ** 4, 2 * a[1] * a[2]
    x = (r * r - h ** 3 - 2 * c) % FIELD
    return x, (r * (c - x) - d) % FIELD, z % FIELD

@lru_cache(maxsize=4096)
def es256(key, signed, signature):
    """Check a signature with a public key (x, y)."""
    if max(key) >= FIELD or (key[1] ** 2 - key[0] ** 3 + 3 * key[0] - B) % FIELD:
        return False  # not a point of the curve
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < r < ORDER or not 0 < s < ORDER:
        return False
    inverse = pow(s, -1, ORDER)
    u, v = int.from_bytes(hashlib.sha256(signed).digest(), "big") * inverse % ORDER, r * inverse % ORDER
    point, add = None, (None, (*key, 1), G, p256_add(G, (*key, 1)))
    for i in reversed(range(256)):  # u·G + v·key, bit by bit
        point = p256_add(p256_add(point, point), add[2 * (u >> i & 1) + (v >> i & 1)])
    return point is not None and point[0] * pow(point[2], -2, FIELD) % FIELD % ORDER == r

# Strict JSON and the canonical form.

def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member is there twice")
    return dict(pairs)

def parse(raw, check, at):
    """Read strict JSON."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_float=int, parse_constant=int)
        strict(value, 0)
    except (ValueError, RecursionError) as why:
        raise Refused(check, at, f"no strict JSON: {why}") from None
    return value

def strict(value, depth):
    if depth > MAX_DEPTH or value is None:
        raise ValueError("null, or too deep")
    if isinstance(value, dict):
        for name, member in value.items():
            strict(name, depth)
            strict(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            strict(member, depth + 1)
    elif isinstance(value, str):
        if re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", value) or not unicodedata.is_normalized("NFC", value):
            raise ValueError("a text is not in NFC, or has control characters")
    elif not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise ValueError("a number is too large")

def encode(value):
    """Return the canonical form of a value whose members are in order."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text.encode("utf-8")

RAW, NATURAL = "a member with a form of its own", "a number that counts something"

def shaped(value, shape, check, at, ordered=True):
    """Check a value against a shape: a type, a list of one shape, or members by name."""
    if isinstance(shape, list):
        need(isinstance(value, list), check, at, "not a list")
        for i, member in enumerate(value):
            shaped(member, shape[0], check, f"{at}[{i}]", ordered)
    elif isinstance(shape, dict):
        need(isinstance(value, dict), check, at, "not an object")
        known = [name.rstrip("?") for name in shape if name.rstrip("?") in value]
        need(list(value) == known if ordered else set(value) == set(known), check, at, "unknown members, or not in order")
        for name, inner in shape.items():
            plain = name.rstrip("?")
            need(plain in value or plain != name, check, at, f"no {plain}")
            if plain in value:
                need(not ordered or plain == name or value[plain], check, at, f"{plain} is empty")
                shaped(value[plain], inner, check, f"{at}.{plain}" if at else plain, ordered)
    elif shape is bytes:
        need(isinstance(value, str) and unbase64(value) is not None, check, at, "not base64")
    elif shape is NATURAL:
        need(type(value) is int and value >= 0, check, at, "not a number from 0 up")
    elif shape is not RAW:
        need(type(value) is shape, check, at, f"not of type {shape.__name__}")

def one_form(raw, shape, check, at):
    value = parse(raw, check, at)
    shaped(value, shape, check, at)
    need(encode(value) == raw, check, at, "not in canonical form")
    return value

def unbase64(text, alphabet=None):
    """Decode base64, or base64url without padding; None unless it is in canonical form."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4 if alphabet else 0), alphabet, validate=True)
    except ValueError:
        return None
    again = base64.b64encode(raw, alphabet).decode()
    return raw if text == (again.rstrip("=") if alphabet else again) else None

def sha256(raw):
    return hashlib.sha256(raw).hexdigest()

is_digest = re.compile("[0-9a-f]{64}").fullmatch
is_name = re.compile(r"[^\s+]+").fullmatch
is_id = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").fullmatch

LINE = {"key": str, "sha256": str}
BUNDLE = {
    "v": int, "ledger": str, "about": str, "proof": {"kind": str, "common": RAW},
    "calls": [{"proof": RAW, "reads?": [LINE], "writes?": [LINE | {"value?": bytes}]}],
    "receipts": [{"log": str, "anchor": int, "items": [{"index": int, "entry": bytes, "inclusion": [str]}]}],
}
ENTRY = {"v": int, "seq": NATURAL, "time": int, "rules": int, "call": str, "reads": str, "writes": str, "event": str, "state": str}
RECEIPT = {
    "v": int, "receipt_kind": str, "id": str, "time": int, "party": str, "flow?": str, "license_id?": str, "order_id?": str,
    "environment_id?": str, "subject?": str, "content_id?": str, "purpose?": {"class": str, "code": str},
    "policy_revision?": {"block": NATURAL, "head": str}, "object?": str, "content_hash?": str, "size?": int, "offset?": int,
    "length?": int, "recipient_key?": str, "start?": str, "bytes?": int, "bytes_max?": int, "outcome?": str, "reason?": str, "count?": int,
}
CALL = {"ledger": str, "id": str, "party": str, "function": str, "args": dict, "time": int, "expires": int}
JWK = {"kty": str, "crv": str, "x": str, "y": str}
KEY = {"jwk": JWK, "use": str, "custody": str}
PROFILE = {
    "id": str, "name": str, "uscc": str, "kind": str, "roles": [str], "region": str, "affiliates?": [str], "keys": [KEY],
    "origin?": str, "url?": str, "log_key?": str,
}
GENESIS = {
    "ledger": str, "name": str, "region": str, "origin": str, "ledger_key": str, "authority": PROFILE, "recovery": JWK, "platform": str,
    "limits": dict, "gate": str, "rules": int, "demo": bool,
}
EXCHANGE = {"old": str, "new": KEY, "proof": str}
HEAD = {"origin": str, "size": int, "root": str}
LOG = {"origin": str, "verifier_key": str, "old": HEAD, "held?": str}
ANCHOR = {"log": str, "size": int, "root": str, "consistency_proof?": [str]}
TRUST = {"ledger": str, "genesis_sha256": str, "logs": [str], "demo?": bool, "fabric?": RAW, "auditors?": [{"name": str, "key": str}], "ended?": [{"log": str, "size": int}]}

# Signatures of parties.

def thumbprint(jwk):
    text = encode({name: jwk[name] for name in ("crv", "kty", "x", "y")})
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")

class Jws:
    """A parsed compact JWS. signed_by checks its signature."""

    def __init__(self, text, typ, most, check, at):
        parts = [unbase64(part, b"-_") for part in text.split(".")]
        need(len(parts) == 3 and None not in parts, check, at, "not a compact JWS")
        header = parse(parts[0], check, at)
        shaped(header, {"alg": str, "kid": str, "typ": str}, check, at, ordered=False)
        typed = header["typ"] == typ and len(unbase64(header["kid"], b"-_") or b"") == 32
        need(typed, check, at, f"not of the type {typ}, or the key id is not a thumbprint")
        need(len(parts[1]) <= most, check, at, "too large")
        self.text, self.alg, self.kid, self.payload, self.signature = text, header["alg"], header["kid"], parts[1], parts[2]

    def signed_by(self, jwk):
        x, y = unbase64(jwk["x"], b"-_"), unbase64(jwk["y"], b"-_")
        if self.alg != "ES256" or thumbprint(jwk) != self.kid or len(x or b"") != 32 or len(y or b"") != 32:
            return False
        point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
        curve = jwk["kty"] == "EC" and jwk["crv"] == "P-256"
        return curve and es256(point, self.text.rsplit(".", 1)[0].encode(), self.signature)

class Call:
    """A call of the bundle with the entry that records it."""

    def __init__(self, entry, shown, at):
        self.entry, self.shown, self.at = entry, shown, at
        self.jws = Jws(entry["call"], "cadastre-call+jws", MAX_CALL, "form", at)
        call = parse(self.jws.payload, "form", at)
        shaped(call, CALL, "form", at, ordered=False)
        for name in ("ledger", "id", "party"):
            need(is_id(call[name]), "form", at, f"{name} is not an id")
        need(call["function"] and call["time"] > 0, "form", at, "no function, or no time")
        need(0 < call["expires"] - call["time"] <= DAY, "form", at, "expires is not within a day after time")
        self.call, self.seq, self.time = call, entry["seq"], entry["time"]
        self.function, self.party, self.args = call["function"], call["party"], call["args"]

    def arguments(self, shape):
        shaped(self.args, shape, "refused", self.at + ".args", ordered=False)
        return self.args

# Logs.

def signers(trust):
    """Return the keys of a trust file by name and key id, with their type: 1 of a log, 4 of an auditor."""
    keys = {}
    for kind, text in [(1, key) for key in trust["logs"]] + [(4, a["key"]) for a in trust.get("auditors", [])]:
        name, kid, key = (text.split("+", 2) + ["", ""])[:3]
        raw = unbase64(key) or b""
        want = sha256(name.encode() + b"\n" + raw)[:8]
        good = len(raw) == 33 and raw[0] == kind and kid.lower() == want and (name, want) not in keys
        need(good and is_name(name), "proof", "trust file", "a malformed or repeated key")
        keys[name, want] = kind, raw[1:]
    return keys

def open_checkpoint(note, keys):
    """Check a checkpoint's signatures; return size and root of its tree."""
    at = "proof.common"
    text, split, signatures = note.rpartition("\n\n")
    need(split and signatures.endswith("\n"), "proof", at, "not a signed note")
    text, seen, lines = text + "\n", {}, text.split("\n")
    for line in signatures[:-1].split("\n"):
        dash, name, signature = (line.split(" ") + ["", "", ""])[:3]
        raw = unbase64(signature) or b""
        who, signed = (name, raw[:4].hex()), text.encode()
        kind, key = keys.get(who, (0, b""))
        need(dash == "—" and line.count(" ") == 2 and is_name(name) and who not in seen, "proof", at, "a malformed signature")
        need(kind == 1 or len(raw) == 76, "proof", at, "neither the signature of a known log nor a cosignature")
        seconds = int.from_bytes(raw[4:12], "big")
        if kind == 4:
            signed = f"cosignature/v1\ntime {seconds}\n".encode() + signed
            need(seconds <= LAST_SECOND, "proof", at, "a cosignature without a valid time")
        need(kind == 0 or ed25519(key, signed, raw[4 if kind == 1 else 12:]), "proof", at, "a signature is invalid")
        seen[who] = kind
    by_log = [name for (name, _), kind in seen.items() if kind == 1]
    need(len(seen) - len(by_log) <= 16, "proof", at, "too many cosignatures")
    need(len(lines) >= 3 and lines[0] in by_log, "proof", at, "not signed by the log that it names")
    need(re.fullmatch("[1-9][0-9]{0,18}", lines[1]), "proof", at, "a bad size")
    root = unbase64(lines[2]) or b""
    need(len(root) == 32, "proof", at, "a bad root")
    return int(lines[1]), root

def included(entry, index, size, root, path):
    """Check inclusion in a tree by RFC 9162 §2.1.3.2."""
    if not 0 <= index < size or not all(is_digest(d) for d in path):
        return False
    node, last, value = index, size - 1, hashlib.sha256(b"\0" + entry).digest()
    for sibling in map(bytes.fromhex, path):
        if last == 0:
            return False
        if node & 1 or node == last:
            value = hashlib.sha256(b"\1" + sibling + value).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = hashlib.sha256(b"\1" + value + sibling).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and value == root

def before(index, size, path):
    """Return the root of the entries before index: the neighbors to its left are their complete subtrees."""
    node, last, root = index, size - 1, b""
    for sibling in map(bytes.fromhex, path):
        if node & 1 or node == last:
            root = hashlib.sha256(b"\1" + sibling + root).digest() if root else sibling
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    return root or hashlib.sha256(b"").digest()

def begun(bundle, name):
    """Return the keys that calls of a bundle state for a log that begins after a restore; they are checked later."""
    for i, call in enumerate(bundle["calls"]):
        try:
            c = Call(parse(unbase64(call["proof"]["entry"]), "proof", ""), call, "")
            if c.function == "log.begin" and c.args["origin"] == name:
                return [c.args["verifier_key"]]
        except (Refused, KeyError, TypeError, AttributeError):
            pass  # reported when the call is checked
    return []

# The seal.

class Seal:
    """One bundle being checked: keys, parties and anchors of its calls so far."""

    def __init__(self, bundle, trust):
        self.bundle, self.trust = bundle, trust
        self.calls, self.keys, self.roles, self.logs, self.anchors, self.made = [], {}, {}, {}, {}, set()
        self.authority, self.begun = "", {}

    def check(self):
        b = self.bundle
        need(b["v"] == 3, "form", "v", "another version")
        need(is_id(b["ledger"]), "form", "ledger", "not an id")
        need(b["about"].partition("/")[0] in MATTERS, "form", "about", "a bundle can't be about that")
        need(b["ledger"] == self.trust["ledger"], "genesis", "ledger", "not the ledger of the trust file")
        need(b["proof"]["kind"] == "tlog", "proof", "proof.kind", "this program accepts only proofs of kind tlog")
        shaped(b["proof"]["common"], {"checkpoint": str}, "proof", "proof.common")
        self.log = b["proof"]["common"]["checkpoint"].partition("\n")[0]
        named = any(key.startswith(self.log + "+") for key in self.trust["logs"])
        keys = self.trust["logs"] + ([] if named else begun(b, self.log))
        self.size, self.root = open_checkpoint(b["proof"]["common"]["checkpoint"], signers(dict(self.trust, logs=keys)))
        calls = [self.proved(c, f"calls[{i}]") for i, c in enumerate(b["calls"])]
        need(calls, "genesis", "calls", "no call")
        for call in calls:
            self.placed(call)
            if not self.calls:
                self.begin(call)
            self.signed(call)
            self.bring(call)
            self.calls.append(call)
        self.receipts()
        need(self.begun.get(self.log, keys[-1] if named else "") in keys, "proof", "proof.common", "no call begins this log")
        return self

    def proved(self, c, at):
        proof = c["proof"]
        shaped(proof, {"entry": bytes, "size": int, "inclusion": [str]}, "proof", at)
        raw = unbase64(proof["entry"])
        entry = one_form(raw, ENTRY, "proof", at)
        need(entry["v"] == 2 and is_digest(entry["state"]), "proof", at, "not an entry of version 2")
        need(proof["size"] == self.size, "proof", at, "of another size than the checkpoint")
        need(included(raw, entry["seq"], self.size, self.root, proof["inclusion"]), "proof", at, "not in the tree")
        return Call(entry, c, at)

    def placed(self, c):
        need(c.call["ledger"] == self.trust["ledger"], "genesis", c.at, "made for another ledger")
        if self.calls:
            need(c.seq > self.calls[-1].seq and c.time >= self.calls[-1].time, "order", c.at, "out of order, or times decrease")
            need(c.function != "genesis", "refused", c.at, "a second genesis")
        else:
            first = c.seq == 0 and c.function == "genesis" and sha256(c.jws.text.encode()) == self.trust["genesis_sha256"]
            need(first, "genesis", c.at, "not the genesis of the trust file")
        ended = [e["size"] for e in self.trust.get("ended", []) if e["log"] == self.log]
        need(not self.calls or all(c.seq < size for size in ended), "lost", c.at, "the call was lost in a restore")
        need((c.party, c.call["id"]) not in self.made, "refused", c.at, "the call is repeated")
        need(c.call["time"] <= c.time + SKEW and c.call["expires"] > c.time, "refused", c.at, "not recorded in its time")
        self.made.add((c.party, c.call["id"]))
        anchor, writes = c.function == "anchor", c.shown.get("writes", [])
        content = c.function.startswith("content.") and not any("value" in line for line in writes)
        need(anchor or content or not writes, "not_needed", c.at, "it has writes")
        need(not anchor or "reads" not in c.shown, "not_needed", c.at, "it has reads")

    def signed(self, c):
        """Check the call's key: known, signed the call, belonged to the party, and was valid for it."""
        k = self.keys.get(c.jws.kid)
        need(k, "key", c.at, "no call in the bundle added the key")
        need(c.jws.signed_by(k["jwk"]), "signature", c.at, "the signature is invalid")
        need(k["party"] == c.party, "refused", c.at, "the key of another party")
        if k["recovery"]:
            need(c.function in ("key.replace", "log.begin"), "refused", c.at, "the recovery key signs no such call")
        else:
            need(k["use"] == "sign", "refused", c.at, "a key that signs no calls")
            need(k["since"] <= c.time and (k["until"] is None or c.time < k["until"]), "refused", c.at, "an ended key")

    def begin(self, c):
        a = c.arguments(GENESIS)
        need(a["ledger"] == self.trust["ledger"], "genesis", c.at, "the genesis of another ledger")
        need(self.trust.get("demo", a["demo"]) == a["demo"], "genesis", c.at, "a demonstration or not: the trust file says otherwise")
        need(a["ledger_key"], "proof", "proof.kind", "the genesis names no log: the register is not a log")
        self.authority = a["authority"]["id"]
        need(self.authority == c.party, "refused", c.at, "not by its authority")
        self.fresh({"jwk": a["recovery"], "use": "sign"}, c.party, c, recovery=True)
        self.enter(a["authority"], c)
        self.enter(self.admission(a["platform"], c), c)

    def bring(self, c):
        """Apply the keys that a call adds or ends."""
        a = c.args
        if c.function == "party.admit":
            need("data_authority" in self.roles[c.party], "refused", c.at, "not by a data authority")
            self.enter(self.admission(c.arguments({"application": str})["application"], c), c)
        elif c.function == "key.rotate":
            self.exchange(c.arguments(EXCHANGE), c.party, c)
        elif c.function == "key.replace":
            c.arguments(dict(EXCHANGE, party=str, reason=str))
            recovery = self.keys[c.jws.kid]["recovery"]
            need("data_authority" in self.roles[c.party], "refused", c.at, "not by a data authority")
            need((a["party"] == self.authority) == recovery, "refused", c.at, "not by the key that replaces this one")
            self.exchange(a, a["party"], c)
        elif c.function == "key.revoke":
            c.arguments({"party": str, "kid": str, "reason": str})
            need(c.party in (a["party"], self.authority), "refused", c.at, "the key of another party")
            self.end(a["kid"], a["party"], c)
        elif c.function == "anchor":
            self.anchor(c)
        elif c.function == "log.begin":
            self.again(c)

    def again(self, c):
        """A log begins again after a restore: of the ledger, exactly after the entries before the call."""
        a, old = c.arguments(LOG), c.args["old"]
        need(c.party == self.authority, "refused", c.at, "not by the authority of the genesis")
        self.logs[a["origin"]] = self.logs.get(old["origin"])
        if re.fullmatch(".*/log/ledger(/[0-9]+)?", old["origin"], re.DOTALL):
            proof, later = c.shown["proof"], (a["origin"].rpartition("/") + self.log.rpartition("/"))
            same = old["size"] == c.seq and old["root"] == before(c.seq, self.size, proof["inclusion"]).hex()
            need(same, "proof", c.at, "the log goes on from another tree")
            need(later[0] == later[3] and later[2].isdigit() and later[5].isdigit() and int(later[2]) <= int(later[5]), "proof", c.at, "the checkpoint is of another log")
            self.begun[a["origin"]] = a["verifier_key"]

    def admission(self, text, c):
        jws = Jws(text, "cadastre-admission+jws", MAX_CALL, "refused", c.at)
        profile = parse(jws.payload, "refused", c.at)
        shaped(profile, PROFILE, "refused", c.at, ordered=False)
        need(any(jws.signed_by(k["jwk"]) for k in profile["keys"]), "refused", c.at, "the admission is not signed by a key of it")
        return profile

    def enter(self, profile, c):
        need(profile["id"] not in self.roles, "refused", c.at, "the party is admitted already")
        self.roles[profile["id"]] = profile["roles"]
        if "platform" in profile["roles"]:
            self.logs.setdefault(profile.get("origin", "") + "/log/receipts", profile["id"])
        for k in profile["keys"]:
            self.fresh(k, profile["id"], c)

    def fresh(self, k, party, c, recovery=False):
        kid = thumbprint(k["jwk"])
        need(kid not in self.keys, "refused", c.at, "the key was added already")
        self.keys[kid] = {"party": party, "jwk": k["jwk"], "use": k["use"], "since": c.time, "until": None, "recovery": recovery}

    def end(self, kid, party, c):
        k = self.keys.get(kid)
        need(k and k["party"] == party and not k["recovery"], "refused", c.at, "the party has no such key")
        need(c.function == "key.replace" or k["until"] is None, "refused", c.at, "the key has ended")
        k["until"] = c.time if k["until"] is None else k["until"]
        return k

    def exchange(self, a, party, c):
        old = self.end(a["old"], party, c)
        need(a["new"]["use"] == old["use"], "refused", c.at, "a key for another use")
        jws = Jws(a["proof"], "cadastre-rotation+jws", MAX_PROOF, "refused", c.at)
        proof = parse(jws.payload, "refused", c.at)
        same = proof == {"ledger": self.trust["ledger"], "party": party, "old": a["old"]}
        need(same and jws.signed_by(a["new"]["jwk"]), "refused", c.at, "the new key does not prove itself")
        self.fresh(a["new"], party, c)

    def anchor(self, c):
        a, writes = c.arguments(ANCHOR), c.shown.get("writes", [])
        need("platform" in self.roles[c.party] and self.logs.get(a["log"]) == c.party, "receipt", c.at, "not by the owner of the log")
        need(a["size"] >= 1 and is_digest(a["root"]), "form", c.at, "no size or root")
        need(len(writes) == 1 and "value" in writes[0], "writes", c.at, "not one line with its value")
        raw, key = unbase64(writes[0]["value"]), "anchor/" + a["log"]
        line, digest = {"key": key, "sha256": sha256(raw), "value": writes[0]["value"]}, f"{key} {sha256(raw)}\n"
        need(writes == [line] and sha256(digest.encode()) == c.entry["writes"], "writes", c.at, "not the line of the entry")
        cite = {"party": c.party, "call": c.call["id"], "payload": sha256(c.jws.payload)}
        said = {"log": a["log"], "size": a["size"], "root": a["root"], "time": c.time, "cite": cite}
        need(raw == encode(said), "writes", c.at, "not the anchor that was signed")
        self.anchors[len(self.calls)] = (a["log"], a["size"], bytes.fromhex(a["root"]), c)

    def receipts(self):
        groups, starts = self.bundle["receipts"], set()
        for i, group in enumerate(groups):
            at = f"receipts[{i}]"
            need(i == 0 or group["log"] > groups[i - 1]["log"], "form", at, "groups are not in order of log")
            need(group["items"], "not_needed", at, "a group without receipts")
            need(group["anchor"] in self.anchors, "receipt", at, "no anchor there")
            log, size, root, anchor = self.anchors[group["anchor"]]
            need(log == group["log"], "receipt", at, "the anchor of another log")
            for start, end, where in self.pairs(group, size, root, at):
                need(start["id"] not in starts, "receipt", where, "the start is repeated")
                starts.add(start["id"])
                self.delivery(start, end, anchor, where)
        if self.bundle["about"].startswith("receipt/"):
            need(len(starts) == 1, "missing", self.bundle["about"], "not the one delivery")

    def pairs(self, group, size, root, at):
        """Return every start of a group with its end."""
        opened, items = {}, group["items"]
        for j, item in enumerate(items):
            where, raw, index = f"{at}.items[{j}]", unbase64(item["entry"]), item["index"]
            need(j == 0 or index > items[j - 1]["index"], "form", where, "receipts are not in order of index")
            r = one_form(raw, RECEIPT, "receipt", where)
            need(r["v"] == 1, "receipt", where, "another version")
            need(included(raw, index, size, root, item["inclusion"]), "receipt", where, "not in the tree of the anchor")
            r["leaf"] = sha256(b"\0" + raw)
            if r["receipt_kind"] == "start":
                need("policy_revision" in r and r["id"] not in opened, "receipt", where, "a start without revision, or repeated")
                opened[r["id"]] = r
            else:
                need(r["receipt_kind"] == "end", "not_needed", where, "neither start nor end")
                start = opened.pop(r.get("start", ""), None)
                need(start, "receipt", where, "its start is not in the bundle")
                need(ends(start, r), "receipt", where, "not the end of its start")
                yield start, r, where
        need(not opened, "receipt", at, "a start has no end")

    def delivery(self, start, end, anchor, at):
        block = start["policy_revision"]["block"]
        latest = max(start["time"], end["time"])
        need(block < anchor.seq and latest <= anchor.time + SKEW, "receipt", at, "decided after its anchor, or newer")
        before = [c for c in self.calls if c.seq <= block][-1]
        after = [c for c in self.calls if c.seq > block][0]
        around = before.time - SKEW <= start["time"] <= after.time + 2 * SKEW
        need(around, "receipt", at, "its time is not between the calls around its revision")
        about = self.bundle["about"]
        kind, _, name = about.partition("/")
        of_record = {"order": ("delivery", "order_id", name), "license": ("supply", "license_id", name)}
        flow, member, what = of_record.get(kind, ("supply", "subject", about))
        of = name in (start["leaf"], end["leaf"]) if kind == "receipt" else start.get("flow") == flow and start.get(member) == what
        need(of, "receipt", at, f"does not belong to {about}")

OF_THE_END = ("receipt_kind", "id", "time", "start", "bytes", "bytes_max", "outcome", "policy_revision", "leaf")

def ends(start, end):
    """Report whether a receipt is the end of a start and agrees with it."""
    rest = [{k: v for k, v in r.items() if k not in OF_THE_END} for r in (start, end)]
    derived = bytearray(hashlib.sha256(b"end\0" + start["id"].encode() + b"\0").digest()[:16])
    derived[6], derived[8] = derived[6] & 0x0F | 0x80, derived[8] & 0x3F | 0x80
    number = re.sub("^(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-", derived.hex())
    both = rest[0] == rest[1] and not set(start) & {"start", "bytes", "bytes_max", "outcome"}
    if not both or "policy_revision" in end or end["id"] != number or end["time"] + SKEW < start["time"]:
        return False
    sent, most, length, outcome = end.get("bytes", 0), end.get("bytes_max", 0), start.get("length", 0), end.get("outcome")
    known = outcome in ("complete", "partial", "aborted", "interrupted") and (not most or outcome == "interrupted")
    return known and 0 <= sent and max(sent, most) <= length and (outcome != "complete" or sent == length)

def read_trust(raw):
    trust = parse(raw, "form", "trust file")
    shaped(trust, TRUST, "form", "trust file", ordered=False)
    need(is_id(trust["ledger"]) and is_digest(trust["genesis_sha256"]), "form", "trust file", "no ledger or genesis")
    return trust

def verify(raw, trust):
    """Check the seal of a bundle; raise Refused with the check that failed."""
    need(len(raw) <= MAX_BUNDLE, "form", "", "too large")
    tight = re.sub(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', lambda m: m.group(1) or b"", raw, flags=re.DOTALL)  # no white space
    return Seal(one_form(tight, BUNDLE, "form", ""), trust).check()

def main():
    parser = argparse.ArgumentParser(description="Check the seal of an evidence bundle of Cadastre.")
    parser.add_argument("bundle")
    parser.add_argument("--trust", required=True, help="trust file, from outside the node")
    given = parser.parse_args()
    try:
        with open(given.bundle, "rb") as bundle, open(given.trust, "rb") as trust:
            seal = verify(bundle.read(), read_trust(trust.read()))
    except OSError as why:
        print(why, file=sys.stderr)
        return 1
    except Refused as why:
        print(f"Not sealed: {why}", file=sys.stderr)
        return 5
    items = sum(len(g["items"]) for g in seal.bundle["receipts"])
    print(f"Sealed: {seal.bundle['about']}, {len(seal.calls)} calls and {items} receipts under a checkpoint of {seal.size} entries")
    print("The rules of the register were not run: whether the calls were lawful, verify tells.")
    return 0

if __name__ == "__main__":
    sys.exit(main())
