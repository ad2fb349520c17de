-- From which draft an edition in force came: such a draft is not removed when it grows old.
ALTER TABLE protocol_enactments ADD COLUMN draft_id TEXT;
