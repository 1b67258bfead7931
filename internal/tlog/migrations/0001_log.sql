-- +goose Up

-- The entries of the log. extra belongs to the owner of the log and is not part of the leaf. Where
-- the owner has a codec, data is the encoded row of both, and extra is null.
CREATE TABLE entry (
    seq   INTEGER PRIMARY KEY,
    data  BLOB NOT NULL,
    extra BLOB
) STRICT;

-- Hash tiles of height 8: up to 256 hashes of 32 bytes, the last tile of a level often fewer.
CREATE TABLE tile (
    level INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (level, n)
) STRICT;

-- The last signed checkpoint, in one row. No later checkpoint may contradict it.
CREATE TABLE signed (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL
) STRICT;
