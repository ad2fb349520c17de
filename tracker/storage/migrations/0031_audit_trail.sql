-- The audit log as one view with the histories that other tables keep.
CREATE VIEW audit_trail AS
    SELECT act, at, by_id, about_id, details FROM audit_log
    UNION ALL
    SELECT 'photo_opened', last_at, person_id, patient_id, 'first ' || substr(first_at, 1, 16)
        FROM looks JOIN photos ON photos.id = photo_id
    UNION ALL
    SELECT 'alert_answered', at, by_id, patient_id, step
        FROM alert_history JOIN alerts ON alerts.id = alert_id WHERE by_id IS NOT NULL
    UNION ALL
    SELECT 'protocol_changed', at, by_id, NULL, kind FROM protocol_enactments;
