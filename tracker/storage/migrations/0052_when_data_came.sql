-- Whether a course had new data since a day is asked of every course, without reading its rows.
CREATE INDEX photos_by_receipt ON photos (treatment_id, received_at);
CREATE INDEX check_ins_by_receipt ON check_ins (treatment_id, received_at);
