-- Assistants and office staff who see no patient, administrators, and suspended people.
-- A new column replaces the old one because SQLite cannot change a CHECK. Making the whole table
-- again would touch every table that refers to it.
ALTER TABLE people RENAME COLUMN role TO former_role;
ALTER TABLE people ADD COLUMN role TEXT NOT NULL DEFAULT 'patient'
    CHECK (role IN ('patient', 'practitioner', 'assistant', 'office'));
UPDATE people SET role = former_role;
ALTER TABLE people DROP COLUMN former_role;
ALTER TABLE people ADD COLUMN duties TEXT NOT NULL DEFAULT '[]';
ALTER TABLE people ADD COLUMN suspended_at TEXT;
