-- What patients and clinic write to each other, and who has read it.
CREATE TABLE remarks (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    has_photo INTEGER NOT NULL CHECK (has_photo IN (0, 1)),
    key TEXT NOT NULL,
    UNIQUE (author_id, key)
) STRICT;
CREATE INDEX remarks_of_patient ON remarks (patient_id, at);
CREATE TABLE remark_receipts (
    remark_id TEXT NOT NULL REFERENCES remarks(id),
    person_id TEXT NOT NULL REFERENCES people(id),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (remark_id, person_id)
) STRICT, WITHOUT ROWID;
