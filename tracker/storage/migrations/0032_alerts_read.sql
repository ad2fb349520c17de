-- Who of the clinic first opened an alert's page since it last asked for an answer.
-- An alert acknowledged before this step may never have been opened: it counts as unread.
-- Opening an alert is logged as opening the patient; it is not an answer.
ALTER TABLE alerts ADD COLUMN read_at TEXT;
ALTER TABLE alerts ADD COLUMN read_by TEXT REFERENCES people(id);
DROP TRIGGER alerts_changed;
CREATE TRIGGER alerts_changed AFTER UPDATE ON alerts
    WHEN (OLD.level, OLD.raised_at, OLD.acknowledged_at, OLD.snoozed_until, OLD.resolved_at,
            OLD.read_at)
        IS NOT (NEW.level, NEW.raised_at, NEW.acknowledged_at, NEW.snoozed_until, NEW.resolved_at,
            NEW.read_at)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
DROP VIEW audit_trail;
CREATE VIEW audit_trail AS
    SELECT act, at, by_id, about_id, details FROM audit_log
    UNION ALL
    SELECT 'photo_opened', last_at, person_id, patient_id, 'first ' || substr(first_at, 1, 16)
        FROM looks JOIN photos ON photos.id = photo_id
    UNION ALL
    SELECT 'alert_answered', at, by_id, patient_id, step
        FROM alert_history JOIN alerts ON alerts.id = alert_id
        WHERE by_id IS NOT NULL AND step <> 'read'
    UNION ALL
    SELECT 'protocol_changed', at, by_id, NULL, kind FROM protocol_enactments;
