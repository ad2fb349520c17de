-- What waits on the work list.
-- `seen_at` is when somebody of the clinic first opened this photo or a later one: who has seen
-- day 7 has caught up. The indexes hold only what waits, so they stay small in an old clinic.
ALTER TABLE photos ADD COLUMN seen_at TEXT;
UPDATE photos SET seen_at = (
    SELECT min(looks.first_at) FROM looks JOIN photos AS later ON later.id = looks.photo_id
    WHERE later.patient_id = photos.patient_id AND later.taken_at >= photos.taken_at);
CREATE INDEX photos_unseen ON photos (patient_id, taken_at)
    WHERE seen_at IS NULL AND status = 'measured' AND role = 'follow_up';
CREATE INDEX alerts_unresolved ON alerts (patient_id) WHERE resolved_at IS NULL;
CREATE INDEX remarks_of_patients ON remarks (patient_id, id, at) WHERE author_id = patient_id;
CREATE INDEX consents_to_care_withdrawn ON consents (patient_id, id, at)
    WHERE purpose = 'care' AND decision = 'withdrawn';
CREATE INDEX messages_in_trouble ON messages (recipient_id, created_at)
    WHERE sent_at IS NULL AND withdrawn_at IS NULL AND error <> '';
