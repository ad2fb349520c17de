-- What the HTTP API has answered to calls with a key, so that a repeat gets the same answer and
-- changes nothing. While a call is under way it has no status.
CREATE TABLE api_answers (
    person_id TEXT NOT NULL REFERENCES people(id),
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    status INTEGER,
    body BLOB,
    PRIMARY KEY (person_id, key)
) STRICT;
