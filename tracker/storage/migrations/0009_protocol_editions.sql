-- Every text of a protocol that was ever in use.
CREATE TABLE protocol_editions (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    version TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
