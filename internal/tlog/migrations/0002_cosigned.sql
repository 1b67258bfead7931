-- +goose Up

-- The newest cosigned checkpoint with its cosignatures, in one row.
CREATE TABLE cosigned (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL
) STRICT;
