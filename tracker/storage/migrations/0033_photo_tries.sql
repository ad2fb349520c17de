-- When a photo is measured again, why it failed, and photos whose file cannot be read.
ALTER TABLE photos ADD COLUMN next_try_at TEXT;
ALTER TABLE photos ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN troubles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN file_fault TEXT CHECK (file_fault IN ('missing', 'damaged'));
CREATE INDEX photos_in_trouble ON photos (received_at)
    WHERE status = 'unmeasurable' OR file_fault IS NOT NULL;
CREATE TRIGGER photos_files_changed AFTER UPDATE OF file_fault ON photos
    WHEN OLD.file_fault IS NOT NEW.file_fault
    BEGIN UPDATE worklist_version SET number = number + 1; END;
