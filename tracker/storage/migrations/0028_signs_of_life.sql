-- When the worker last did its rounds.
CREATE TABLE signs_of_life (
    sign TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
