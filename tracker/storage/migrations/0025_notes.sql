-- What the care team writes about a patient; each version is a row.
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
