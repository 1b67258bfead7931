-- +goose Up

-- The uploads of a party, page by page.
CREATE INDEX upload_party ON upload (party, id);

-- +goose Down
DROP INDEX upload_party;
