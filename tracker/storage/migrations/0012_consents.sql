-- What patients agree to. The view lists those who have withdrawn consent to care.
CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    purpose TEXT NOT NULL CHECK (purpose IN ('care', 'teaching', 'research')),
    photo_id TEXT REFERENCES photos(id),
    decision TEXT NOT NULL CHECK (decision IN ('given', 'withdrawn')),
    at TEXT NOT NULL,
    CHECK (photo_id IS NULL OR purpose <> 'care')
) STRICT;
CREATE INDEX consents_of_patient ON consents (patient_id, purpose);
CREATE TRIGGER consents_are_not_rewritten BEFORE UPDATE ON consents
    BEGIN SELECT RAISE(ABORT, 'a decision is not rewritten'); END;
CREATE TRIGGER consents_are_not_erased BEFORE DELETE ON consents
    BEGIN SELECT RAISE(ABORT, 'a decision is not erased'); END;
CREATE VIEW care_withdrawn AS
    SELECT patient_id, at FROM consents AS latest
    WHERE purpose = 'care' AND decision = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM consents AS later WHERE later.patient_id = latest.patient_id
            AND later.purpose = 'care' AND later.id > latest.id);
