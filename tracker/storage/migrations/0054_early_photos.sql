-- Photos that come before any treatment is entered; they become photos of the first one that is.
-- `is_dated` says whether the page's own camera or the person dated it: then it may also come late.
CREATE TABLE early_photos (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    taken_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    skin_state TEXT NOT NULL,
    view TEXT NOT NULL,
    sides TEXT NOT NULL,
    is_selfie INTEGER NOT NULL,
    is_dated INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    digest TEXT NOT NULL,
    UNIQUE (patient_id, digest)
) STRICT;
