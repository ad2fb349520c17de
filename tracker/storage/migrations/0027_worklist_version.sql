-- A number with which an open work list learns that it is out of date.
-- The triggers raise it on every change that a work list shows, so that no writer can forget it.
CREATE TABLE worklist_version (number INTEGER NOT NULL) STRICT;
INSERT INTO worklist_version VALUES (0);
CREATE TRIGGER alerts_came AFTER INSERT ON alerts
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER alerts_went AFTER DELETE ON alerts
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER alerts_changed AFTER UPDATE ON alerts
    WHEN (OLD.level, OLD.raised_at, OLD.acknowledged_at, OLD.snoozed_until, OLD.resolved_at)
        IS NOT (NEW.level, NEW.raised_at, NEW.acknowledged_at, NEW.snoozed_until, NEW.resolved_at)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER photos_came AFTER INSERT ON photos
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER photos_went AFTER DELETE ON photos
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER photos_changed AFTER UPDATE ON photos
    WHEN (OLD.status, OLD.seen_at) IS NOT (NEW.status, NEW.seen_at)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER treatments_came AFTER INSERT ON treatments
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER treatments_went AFTER DELETE ON treatments
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER treatments_changed AFTER UPDATE ON treatments
    WHEN (OLD.kind, OLD.variant, OLD.needle_depth_mm, OLD.performed_at, OLD.ended_at)
        IS NOT (NEW.kind, NEW.variant, NEW.needle_depth_mm, NEW.performed_at, NEW.ended_at)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER remarks_came AFTER INSERT ON remarks
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER remarks_went AFTER DELETE ON remarks
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER remark_receipts_came AFTER INSERT ON remark_receipts
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER remark_receipts_went AFTER DELETE ON remark_receipts
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER consents_came AFTER INSERT ON consents
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER consents_went AFTER DELETE ON consents
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER care_team_came AFTER INSERT ON care_team
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER care_team_went AFTER DELETE ON care_team
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER care_team_changed AFTER UPDATE ON care_team
    WHEN (OLD.turn) IS NOT (NEW.turn)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER absences_came AFTER INSERT ON absences
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER absences_went AFTER DELETE ON absences
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER absences_changed AFTER UPDATE ON absences
    WHEN (OLD.deputy_id, OLD.ends_at) IS NOT (NEW.deputy_id, NEW.ends_at)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER messages_came AFTER INSERT ON messages
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER messages_went AFTER DELETE ON messages
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER messages_changed AFTER UPDATE ON messages
    WHEN (OLD.sent_at, OLD.failed_at, OLD.withdrawn_at, OLD.error)
        IS NOT (NEW.sent_at, NEW.failed_at, NEW.withdrawn_at, NEW.error)
    BEGIN UPDATE worklist_version SET number = number + 1; END;
