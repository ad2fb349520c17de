-- Which shipped protocol a draft and an edition were copied from, by digest; NULL where unknown.
ALTER TABLE protocol_drafts ADD COLUMN shipped TEXT REFERENCES protocol_editions(digest);
ALTER TABLE protocol_enactments ADD COLUMN shipped TEXT REFERENCES protocol_editions(digest);
-- Until a clinic put an edition of its own into force, the texts that were kept were shipped.
DROP TRIGGER protocol_enactments_are_not_rewritten;
UPDATE protocol_enactments SET shipped = (
    SELECT digest FROM protocol_editions WHERE protocol_editions.kind = protocol_enactments.kind
        AND digest NOT IN (SELECT digest FROM protocol_enactments)
    ORDER BY protocol_editions.rowid DESC LIMIT 1);
CREATE TRIGGER protocol_enactments_are_not_rewritten BEFORE UPDATE ON protocol_enactments
    BEGIN SELECT RAISE(ABORT, 'what was in force is not rewritten'); END;
