-- Since when news has waited to be judged. Triggers keep the time, so that no writer can forget it.
-- `seconds` is a count that does not change when the computer's clock is set.
ALTER TABLE signs_of_life ADD COLUMN seconds REAL;
ALTER TABLE treatments ADD COLUMN unjudged_since TEXT;
UPDATE treatments SET unjudged_since = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
    WHERE news > judged;
CREATE TRIGGER treatments_news_came AFTER UPDATE OF news ON treatments
    WHEN NEW.news > NEW.judged AND NEW.unjudged_since IS NULL
    BEGIN UPDATE treatments SET unjudged_since = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
        WHERE id = NEW.id; END;
CREATE TRIGGER treatments_judged AFTER UPDATE OF judged ON treatments
    BEGIN UPDATE treatments SET unjudged_since = CASE WHEN NEW.news > NEW.judged
        THEN strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now') END WHERE id = NEW.id; END;
