-- What the present method reads on photos that an earlier one measured: it counts for nothing yet.
CREATE TABLE trial_readings (
    photo_id TEXT PRIMARY KEY REFERENCES photos(id),
    method TEXT NOT NULL,
    basis TEXT NOT NULL,
    fault TEXT NOT NULL,
    regions TEXT NOT NULL
) STRICT, WITHOUT ROWID;
