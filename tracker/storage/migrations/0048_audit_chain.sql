-- One audit log: what other histories kept for it moves into it, and each row gets a digest of
-- itself and of the row before it. The Python part of this step fills the digests in.
INSERT INTO audit_log (act, at, by_id, about_id, details)
    SELECT act, at, by_id, about_id, details FROM (
        SELECT 'photo_opened' AS act, first_at AS at, person_id AS by_id, patient_id AS about_id,
            photo_id AS details FROM looks JOIN photos ON photos.id = photo_id
        UNION ALL
        SELECT 'photo_opened', last_at, person_id, patient_id, photo_id
            FROM looks JOIN photos ON photos.id = photo_id WHERE last_at > first_at
        UNION ALL
        SELECT 'alert_answered', at, by_id, patient_id, step
            FROM alert_history JOIN alerts ON alerts.id = alert_id
            WHERE by_id IS NOT NULL AND step <> 'read'
        UNION ALL
        SELECT 'protocol_changed', at, by_id, NULL, kind FROM protocol_enactments
    ) ORDER BY at;
DROP VIEW audit_trail;
DROP TABLE looks;
ALTER TABLE audit_log ADD COLUMN digest TEXT NOT NULL DEFAULT '';
DROP TRIGGER audit_log_is_not_rewritten;
CREATE TRIGGER audit_log_is_not_rewritten BEFORE UPDATE ON audit_log WHEN OLD.digest <> ''
    BEGIN SELECT RAISE(ABORT, 'the audit log is not rewritten'); END;
CREATE INDEX audit_log_of_photo ON audit_log (details, by_id, at) WHERE act = 'photo_opened';
