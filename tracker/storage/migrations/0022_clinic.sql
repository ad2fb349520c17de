-- At which numbers, and when, the clinic can be reached.
CREATE TABLE clinic (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    phone TEXT NOT NULL,
    emergency_number TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    week TEXT NOT NULL,
    closed TEXT NOT NULL,
    edition INTEGER NOT NULL
) STRICT;
