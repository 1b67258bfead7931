-- +goose Up

-- How many bytes of an object the resumes of a party sent twice under an order or
-- license; for running resumes, all that they may send twice.
CREATE TABLE resent (
    scope  TEXT NOT NULL,
    object TEXT NOT NULL,
    party  TEXT NOT NULL,
    bytes  INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (scope, object, party)
) STRICT, WITHOUT ROWID;
ALTER TABLE unfinished DROP COLUMN again;
ALTER TABLE held DROP COLUMN again;

-- Up to which byte of the object the delivery that a running one resumes had sent.
ALTER TABLE held ADD COLUMN upto INTEGER NOT NULL DEFAULT 0;

-- Deliveries and supplies of a license are counted separately.
UPDATE counter SET scope = scope || ' supply' WHERE scope LIKE 'license/%';
UPDATE used SET scope = scope || ' supply' WHERE scope LIKE 'license/%';
UPDATE held SET scope = scope || ' supply' WHERE scope LIKE 'license/%';
UPDATE unfinished SET scope = scope || ' supply' WHERE scope LIKE 'license/%';
