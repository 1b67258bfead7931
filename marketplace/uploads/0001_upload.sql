-- +goose Up

-- What was uploaded and no content record names yet. An upload in pieces has its whole
-- length in bytes from the beginning on, and the store's draft until it is whole.
CREATE TABLE upload (
    id      TEXT PRIMARY KEY, -- of the object
    party   TEXT NOT NULL,
    bytes   INTEGER NOT NULL CHECK (bytes >= 0),
    arrived INTEGER NOT NULL CHECK (arrived BETWEEN 0 AND bytes),
    draft   BLOB,
    changed INTEGER NOT NULL,
    sha256  TEXT,
    receipt TEXT
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE upload;
