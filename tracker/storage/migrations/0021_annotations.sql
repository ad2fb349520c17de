-- What the care team draws on photos.
CREATE TABLE annotations (
    version INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    shape TEXT NOT NULL CHECK (shape IN ('point', 'circle', 'arrow', 'outline')),
    places TEXT NOT NULL,
    note TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX annotations_of_photo ON annotations (photo_id);
CREATE INDEX annotations_by_id ON annotations (id);
CREATE TRIGGER annotations_are_not_rewritten BEFORE UPDATE ON annotations
    BEGIN SELECT RAISE(ABORT, 'an annotation gets a new version'); END;
CREATE TRIGGER annotations_are_not_erased BEFORE DELETE ON annotations
    WHEN NOT EXISTS (SELECT 1 FROM erasures JOIN photos ON photos.patient_id = erasures.patient_id
        WHERE photos.id = OLD.photo_id)
    BEGIN SELECT RAISE(ABORT, 'an annotation is withdrawn, not erased'); END;
