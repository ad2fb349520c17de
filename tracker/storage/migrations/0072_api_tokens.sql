-- What programs use in a person's name. The secret itself is not stored.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    made_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    used_at TEXT,
    secret_digest TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX api_tokens_of_person ON api_tokens (person_id);
