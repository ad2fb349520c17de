-- How treatments were done, treatments that ended early, and later corrections.
ALTER TABLE treatments ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE treatments ADD COLUMN maker TEXT NOT NULL DEFAULT '';
ALTER TABLE treatments ADD COLUMN passes INTEGER;
ALTER TABLE treatments ADD COLUMN products TEXT NOT NULL DEFAULT '[]';
ALTER TABLE treatments ADD COLUMN performed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE treatments ADD COLUMN ended_at TEXT;
ALTER TABLE treatments ADD COLUMN ended_by TEXT REFERENCES people(id);
ALTER TABLE treatments ADD COLUMN ended_why TEXT NOT NULL DEFAULT '';
ALTER TABLE screenings ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY,
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    before TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT NOT NULL REFERENCES people(id),
    why TEXT NOT NULL
) STRICT;
CREATE INDEX corrections_of_treatment ON corrections (treatment_id);
CREATE TRIGGER corrections_are_not_rewritten BEFORE UPDATE ON corrections
    BEGIN SELECT RAISE(ABORT, 'a correction is not rewritten'); END;
CREATE TRIGGER corrections_are_not_erased BEFORE DELETE ON corrections
    WHEN NOT EXISTS (SELECT 1 FROM erasures JOIN treatments
        ON treatments.patient_id = erasures.patient_id WHERE treatments.id = OLD.treatment_id)
    BEGIN SELECT RAISE(ABORT, 'a correction is not erased'); END;
