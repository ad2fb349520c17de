-- Challenges that a passkey has answered: each signs somebody in once.
CREATE TABLE used_challenges (
    digest TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
