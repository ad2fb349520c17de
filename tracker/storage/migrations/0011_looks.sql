-- Who opened which photo.
CREATE TABLE looks (
    photo_id TEXT NOT NULL REFERENCES photos(id),
    person_id TEXT NOT NULL REFERENCES people(id),
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX photos_of_patient ON photos (patient_id, taken_at);
