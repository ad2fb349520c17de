-- A treatment that was entered for the wrong patient has ended, and was never given.
ALTER TABLE treatments ADD COLUMN ended_as_mistake INTEGER NOT NULL DEFAULT 0;
