"""The tables about the clinic as a whole, as the migrations make them."""

# A column takes its CHECK with it when it goes; the table, and all that refers to it, stays.
ROLES_AND_DUTIES = """
ALTER TABLE people RENAME COLUMN role TO former_role;
ALTER TABLE people ADD COLUMN role TEXT NOT NULL DEFAULT 'patient'
    CHECK (role IN ('patient', 'practitioner', 'assistant', 'office'));
UPDATE people SET role = former_role;
ALTER TABLE people DROP COLUMN former_role;
ALTER TABLE people ADD COLUMN duties TEXT NOT NULL DEFAULT '[]';
ALTER TABLE people ADD COLUMN suspended_at TEXT;
"""
