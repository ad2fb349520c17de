-- What is drawn on baselines, and which areas and outlines each photo was measured on.
-- One method can now measure a photo several times, so the pair (photo, method) is no longer
-- unique. SQLite can drop such a rule only by copying the table, with the rows
-- that refer to it.
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
