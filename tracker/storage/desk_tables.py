"""The tables of what a clinic decides and writes at its desk, as the migrations make them."""

# A draft is never changed: whoever saves writes another one, so nobody's work is overwritten.
PROTOCOL_DRAFTS = """
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
"""

NOTES = """
CREATE TABLE notes (
    version INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL REFERENCES people(id),
    text TEXT NOT NULL,
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX notes_of_patient ON notes (patient_id);
CREATE INDEX notes_by_id ON notes (id);
CREATE TRIGGER notes_are_not_rewritten BEFORE UPDATE ON notes
    BEGIN SELECT RAISE(ABORT, 'a note gets a new version'); END;
CREATE TRIGGER notes_are_not_erased BEFORE DELETE ON notes
    WHEN NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.patient_id = OLD.patient_id)
    BEGIN SELECT RAISE(ABORT, 'a note is withdrawn, not erased'); END;
"""

REPLY_TEMPLATES = """
CREATE TABLE reply_templates (
    version INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    concerns TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX reply_templates_by_id ON reply_templates (id);
CREATE TRIGGER reply_templates_are_not_rewritten BEFORE UPDATE ON reply_templates
    BEGIN SELECT RAISE(ABORT, 'a template gets a new version'); END;
CREATE TRIGGER reply_templates_are_not_erased BEFORE DELETE ON reply_templates
    BEGIN SELECT RAISE(ABORT, 'a template is withdrawn, not erased'); END;
"""
