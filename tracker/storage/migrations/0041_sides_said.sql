-- What was said about left and right in a photo, and what readings show of it.
CREATE TABLE sides_answers (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    said TEXT NOT NULL CHECK (said IN ('plain', 'mirrored', 'unsure', 'later')),
    said_by TEXT NOT NULL CHECK (said_by IN ('patient', 'photos', 'clinic')),
    at TEXT NOT NULL,
    person_id TEXT REFERENCES people(id)
) STRICT;
CREATE INDEX sides_answers_about_photo ON sides_answers (photo_id, id);
CREATE INDEX sides_answers_of_person ON sides_answers (person_id);
-- Whether the file names a front camera: a hint that it may be a mirror image.
ALTER TABLE photos ADD COLUMN is_selfie INTEGER NOT NULL DEFAULT 0;
-- Whether the baseline was turned before this was measured, and whether the photo shows the face
-- the other way round than the baseline as measured; null where that is not clear.
ALTER TABLE readings ADD COLUMN turned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE readings ADD COLUMN mirrored INTEGER;
