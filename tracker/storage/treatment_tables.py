"""The tables about how treatments were done, as the migrations make them."""

PROCEDURES = """
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
"""

# A photo may be measured by one method on several grounds, so that the pair is not unique any more;
# SQLite can only drop such a rule by making the table anew, after the rows that refer to it.
OUTLINES = """
CREATE TABLE outlines (
    id INTEGER PRIMARY KEY,
    baseline_id TEXT NOT NULL REFERENCES photos(id),
    treated TEXT NOT NULL,
    untreated TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT NOT NULL REFERENCES people(id)
) STRICT;
CREATE INDEX outlines_of_baseline ON outlines (baseline_id);
CREATE TABLE readings_on_grounds (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    baseline_id TEXT NOT NULL REFERENCES photos(id),
    areas TEXT NOT NULL,
    outlines_id INTEGER REFERENCES outlines(id),
    method TEXT NOT NULL,
    opencv TEXT NOT NULL,
    reference TEXT NOT NULL,
    residual REAL NOT NULL
) STRICT;
INSERT INTO readings_on_grounds
    SELECT readings.id, photo_id, baseline_id, areas, NULL, method, opencv, reference, residual
    FROM readings JOIN photos ON photos.id = readings.photo_id
    JOIN treatments ON treatments.id = photos.treatment_id;
CREATE TABLE region_readings_on_grounds (
    reading_id INTEGER NOT NULL REFERENCES readings_on_grounds(id),
    region TEXT NOT NULL,
    redness REAL NOT NULL,
    redness_sd REAL NOT NULL,
    pigment REAL NOT NULL,
    pigment_sd REAL NOT NULL,
    lab_l REAL NOT NULL,
    lab_a REAL NOT NULL,
    lab_b REAL NOT NULL,
    ita REAL NOT NULL,
    erythema_index REAL NOT NULL,
    melanin_index REAL NOT NULL,
    share REAL NOT NULL,
    PRIMARY KEY (reading_id, region)
) STRICT, WITHOUT ROWID;
INSERT INTO region_readings_on_grounds SELECT * FROM region_readings;
DROP TABLE region_readings;
DROP TABLE readings;
ALTER TABLE readings_on_grounds RENAME TO readings;
ALTER TABLE region_readings_on_grounds RENAME TO region_readings;
CREATE INDEX readings_of_photo ON readings (photo_id, id);
"""

JUDGED_AT = """
ALTER TABLE treatments ADD COLUMN judged_at TEXT;
"""

# Every edition of a screening is kept; the last one counts.
SCREENING_EDITIONS = """
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
"""
