-- What a clinic changes in its protocols, and which edition has been in force since when.
-- A draft is never changed: each save adds another row, so that no work is overwritten.
CREATE TABLE protocol_drafts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    based_on TEXT NOT NULL REFERENCES protocol_editions(digest),
    text TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX protocol_drafts_of_kind ON protocol_drafts (kind, at);
CREATE TRIGGER protocol_drafts_are_not_rewritten BEFORE UPDATE ON protocol_drafts
    BEGIN SELECT RAISE(ABORT, 'a draft is not rewritten'); END;
CREATE TABLE protocol_previews (
    draft_id TEXT NOT NULL REFERENCES protocol_drafts(id),
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    counted TEXT NOT NULL,
    PRIMARY KEY (draft_id, treatment_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE protocol_previews_complete (
    draft_id TEXT PRIMARY KEY REFERENCES protocol_drafts(id)
) STRICT, WITHOUT ROWID;
CREATE TABLE protocol_enactments (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES protocol_editions(digest),
    by_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX protocol_enactments_of_kind ON protocol_enactments (kind, id);
CREATE TRIGGER protocol_enactments_are_not_rewritten BEFORE UPDATE ON protocol_enactments
    BEGIN SELECT RAISE(ABORT, 'what was in force is not rewritten'); END;
CREATE TRIGGER protocol_enactments_are_not_erased BEFORE DELETE ON protocol_enactments
    BEGIN SELECT RAISE(ABORT, 'what was in force is not erased'); END;
