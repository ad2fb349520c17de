-- Screenings that can be completed and corrected: every edition is kept, the last one counts.
CREATE TABLE screening_editions (
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    edition INTEGER NOT NULL,
    answers TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT REFERENCES people(id),
    reason TEXT NOT NULL DEFAULT '',
    warned TEXT NOT NULL DEFAULT '[]',
    why TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (treatment_id, edition)
) STRICT;
INSERT INTO screening_editions (treatment_id, edition, answers, at, by_id, reason)
    SELECT treatment_id, 1, answers, at, by_id, reason FROM screenings;
DROP TABLE screenings;
CREATE TRIGGER screening_editions_are_not_rewritten BEFORE UPDATE ON screening_editions
    BEGIN SELECT RAISE(ABORT, 'an edition of a screening is not rewritten'); END;
CREATE TRIGGER screening_editions_are_not_erased BEFORE DELETE ON screening_editions
    WHEN NOT EXISTS (SELECT 1 FROM erasures JOIN treatments
        ON treatments.patient_id = erasures.patient_id WHERE treatments.id = OLD.treatment_id)
    BEGIN SELECT RAISE(ABORT, 'an edition of a screening is not erased'); END;
