-- +goose Up

-- What the deliveries of a content, and the uploads of a file, are found by: the
-- indexes of one column would read every other receipt of the order or file too.
CREATE INDEX receipt_delivered ON receipt (order_id, content) WHERE kind = 'start';
CREATE INDEX receipt_supplied ON receipt (license, content) WHERE kind = 'start' AND order_id IS NULL;
CREATE INDEX receipt_ingested ON receipt (sha256) WHERE kind = 'ingest';
