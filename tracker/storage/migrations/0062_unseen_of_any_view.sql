-- A photo of any view waits for a person of the clinic, and so does one that no treatment has taken.
-- One from before a treatment waits, too, if it came after another: it may show treated skin.
ALTER TABLE early_photos ADD COLUMN seen_at TEXT;
UPDATE early_photos SET seen_at = (SELECT min(at) FROM audit_log
    WHERE act = 'photo_opened' AND details = early_photos.id AND by_id <> early_photos.patient_id);
DROP INDEX photos_unseen;
CREATE INDEX photos_unseen ON photos (patient_id, taken_at)
    WHERE seen_at IS NULL AND role = 'follow_up'
        AND status <> 'unmeasurable' AND file_fault IS NULL;
CREATE INDEX photos_unseen_from_before ON photos (patient_id, received_at)
    WHERE seen_at IS NULL AND role = 'baseline'
        AND status <> 'unmeasurable' AND file_fault IS NULL;
CREATE INDEX early_photos_unseen ON early_photos (patient_id) WHERE seen_at IS NULL;
CREATE TRIGGER early_photos_came AFTER INSERT ON early_photos
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER early_photos_went AFTER DELETE ON early_photos
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER early_photos_changed AFTER UPDATE OF seen_at ON early_photos
    BEGIN UPDATE worklist_version SET number = number + 1; END;
