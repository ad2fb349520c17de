-- Who answers for a draft of a protocol. A draft is never changed, so a signature is about one text.
CREATE TABLE protocol_signatures (
    draft_id TEXT PRIMARY KEY REFERENCES protocol_drafts(id),
    by_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER protocol_signatures_are_not_rewritten BEFORE UPDATE ON protocol_signatures
    BEGIN SELECT RAISE(ABORT, 'a signature is not rewritten'); END;
-- Drafts with mistakes were marked as counted, and would be so once a later version can read them.
DELETE FROM protocol_previews_complete
    WHERE draft_id NOT IN (SELECT draft_id FROM protocol_previews);
