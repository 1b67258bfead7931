-- +goose Up

-- The index that finds receipts. The receipt itself is the log's entry at seq.
CREATE TABLE receipt (
    seq      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    leaf     BLOB NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    party    TEXT NOT NULL,
    order_id TEXT,
    license  TEXT,
    subject  TEXT,
    content  TEXT,
    sha256   TEXT,
    start    TEXT
) STRICT;
CREATE INDEX receipt_kind ON receipt (kind);
CREATE INDEX receipt_time ON receipt (time);
CREATE INDEX receipt_party ON receipt (party);
CREATE INDEX receipt_order ON receipt (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX receipt_license ON receipt (license) WHERE license IS NOT NULL;
CREATE INDEX receipt_subject ON receipt (subject) WHERE subject IS NOT NULL;
CREATE INDEX receipt_content ON receipt (content) WHERE content IS NOT NULL;
CREATE INDEX receipt_sha256 ON receipt (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX receipt_start ON receipt (start) WHERE start IS NOT NULL;

-- Use of one object under one order or license: the bytes written, and all bytes
-- that running deliveries requested.
CREATE TABLE counter (
    scope  TEXT NOT NULL,
    object TEXT NOT NULL,
    size   INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    bytes  INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (scope, object)
) STRICT, WITHOUT ROWID;

-- The sum over all objects of an order or license; limits are checked against it.
CREATE TABLE used (
    scope TEXT PRIMARY KEY,
    uses  INTEGER NOT NULL CHECK (uses >= 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

-- Deliveries without an end receipt. noted is the number of bytes known to be
-- written.
CREATE TABLE running (
    start  TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL,
    noted  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a running delivery reserves of an order or license: all bytes it requested,
-- except the known ones, which the delivery it resumes already sent.
CREATE TABLE held (
    start TEXT NOT NULL,
    scope TEXT NOT NULL,
    known INTEGER NOT NULL,
    PRIMARY KEY (start, scope)
) STRICT, WITHOUT ROWID;

-- Deliveries that ended early and were not resumed: they wrote from first up to upto.
CREATE TABLE unfinished (
    scope  TEXT NOT NULL,
    object TEXT NOT NULL,
    party  TEXT NOT NULL,
    upto   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    PRIMARY KEY (scope, object, party, upto, seq)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE unfinished;
DROP TABLE held;
DROP TABLE running;
DROP TABLE used;
DROP TABLE counter;
DROP TABLE receipt;
