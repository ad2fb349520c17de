"""The clinic's templates for messages."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.talk.reply_templates import ReplyTemplate, ReplyText, filled
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.talk import reply_templates


@dataclass(frozen=True, slots=True)
class ReplyRevised:
    """The version is kept."""


@dataclass(frozen=True, slots=True)
class ReplyOvertaken:
    """Another person changed it after it was read; nothing was kept."""

    template: ReplyTemplate


def revise_reply(
    db: Database,
    template_id: str,
    read: int,
    says: ReplyText | None,
    author_id: str,
    now: datetime,
) -> ReplyRevised | ReplyOvertaken | None:
    """Add a version to what was read as version `read`, 0 for one that is new or as shipped.

    Without `says` it is withdrawn: None when there is no such template to withdraw. A withdrawn one
    comes back by a new version.
    """
    with writing(db):
        found = reply_templates.get(db, template_id)
        if found is not None and found.read != read:
            return ReplyOvertaken(found)
        if says is None:
            if found is None:
                return None
            reply_templates.add_version(db, template_id, found.says, author_id, now, withdrawn=True)
        else:
            reply_templates.add_version(db, template_id, says, author_id, now)
        audit_log.add(db, Entry(Act.RECORD_CHANGED, now, author_id, None, "message template"))
    return ReplyRevised()


def show_replies(db: Database) -> list[ReplyTemplate]:
    """Every template, withdrawn ones too; the shipped ones first."""
    return reply_templates.all_of(db)


def begin_with_reply(
    db: Database,
    template_id: str,
    said: str,
    patient: Person,
    treatment: Treatment | None,
    writer: Person,
    now: datetime,
) -> str:
    """What was typed already, with the template filled in below it.

    Only what was typed when the template is unknown or was withdrawn.
    """
    used = {each.id: each for each in show_replies(db) if not each.is_withdrawn}
    if template_id not in used:
        return said
    words = filled(used[template_id].says, patient, treatment, writer, now)
    return f"{said}\n\n{words}" if said else words
