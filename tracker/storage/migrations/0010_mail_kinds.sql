-- Mails of several kinds; each has one cause, so that no mail is sent twice.
-- News of a treatment is counted up and never reset.
-- The Python part of this step carries over the mails that exist.
CREATE TABLE mails (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL UNIQUE,
    recipient_id TEXT NOT NULL REFERENCES people(id),
    to_address TEXT NOT NULL,
    alert_ids TEXT NOT NULL DEFAULT '[]',
    day TEXT,
    created_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at TEXT,
    failed_at TEXT,
    withdrawn_at TEXT,
    error TEXT NOT NULL DEFAULT ''
) STRICT;
DROP TABLE messages;
ALTER TABLE mails RENAME TO messages;
CREATE INDEX messages_to_send ON messages (next_attempt_at)
    WHERE sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX messages_of_recipient ON messages (recipient_id, created_at);
ALTER TABLE treatments ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;
DROP INDEX treatments_with_news;
CREATE INDEX treatments_with_news ON treatments (performed_at) WHERE news > judged;
