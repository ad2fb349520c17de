-- A photo waits for a person of the clinic from the moment it comes, and not only once it is measured.
DROP INDEX photos_unseen;
CREATE INDEX photos_unseen ON photos (patient_id, taken_at)
    WHERE seen_at IS NULL AND role = 'follow_up' AND view = 'front'
        AND status <> 'unmeasurable' AND file_fault IS NULL;
