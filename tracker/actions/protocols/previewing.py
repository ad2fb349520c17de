"""What a protocol would have raised on the clinic's own courses."""

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.domain.course.treatments import Treatment
from tracker.domain.editing.limits_preview import (
    Compared,
    CourseHistory,
    compare,
    counts_of,
    preview_since,
)
from tracker.domain.editing.protocol_drafts import ProtocolDraft
from tracker.domain.editing.protocol_edits import checked
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.protocols.screening import risk_factors_of
from tracker.domain.recovery.recovery import Course
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.storage.course import (
    check_ins,
    photos,
    readings,
    screenings,
    treatments,
)
from tracker.storage.people import people
from tracker.storage.protocols import (
    protocol_drafts,
    protocol_editions,
    protocol_files,
    protocol_previews,
)

COURSES_AT_ONCE = 8  # a second or two: no photo that arrives meanwhile waits longer


def preview_drafts(db: Database, compute: Executor) -> int:
    """Replay some courses of the latest draft that is not counted; return how many.

    Each is compared with the edition that the draft is based on, and its counts are kept.
    """
    for draft in protocol_drafts.to_preview(db):
        if done := _some(db, compute, draft):
            return done
    return 0


def _some(db: Database, compute: Executor, draft: ProtocolDraft) -> int:
    since = preview_since(draft.at)
    counted = protocol_previews.treatments_of(db, draft.id)
    heard = treatments.heard_since(db, draft.kind, since)
    left = [treatment for treatment in heard if treatment.id not in counted]
    changed = _readable(draft.text, draft.kind)
    present = protocol_editions.edition(db, draft.based_on)
    if changed is None or present is None:
        return 0  # never complete: a text that was not counted must not seem to be
    now = left[:COURSES_AT_ONCE]
    courses = [_course_history(db, treatment) for treatment in now]
    waiting = [compute.submit(compare, course, present, changed, since) for course in courses]
    found = [(treatment, each.result()) for treatment, each in zip(now, waiting, strict=True)]
    with writing(db):
        for treatment, compared in found:
            protocol_previews.insert(db, draft.id, treatment.id, counts_of(compared))
        if len(found) == len(left):
            protocol_previews.complete(db, draft.id)
    return len(found)


@lru_cache(maxsize=16)  # a draft with mistakes is asked about in every round
def _readable(text: str, kind: str) -> Protocol | None:
    changed = checked(text, kind, protocol_files.shipped(kind))
    return changed if isinstance(changed, Protocol) else None


def preview_limits(
    db: Database, protocols: Protocols, changed: Protocol, since: datetime
) -> Iterator[Compared]:
    """Replay each course of the changed protocol's kind that has had new data since.

    Nothing is written. Raises ProtocolError when there is no such kind of treatment.
    """
    present = protocols.of(changed.kind)
    for treatment in treatments.heard_since(db, changed.kind, since):
        yield compare(_course_history(db, treatment), present, changed, since)


def _course_history(db: Database, treatment: Treatment) -> CourseHistory:
    """The course of a treatment, from everything that is kept."""
    person = people.get(db, treatment.patient_id)
    screening = screenings.of_treatment(db, treatment.id)
    resolved = (alert for alert in alerts.of_treatment(db, treatment.id) if alert.outcome)
    return CourseHistory(
        course=Course(
            treatment=treatment,
            readings=tuple(readings.of_treatment(db, treatment.id)),
            check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
            zone=person.zone if person else ZoneInfo("UTC"),
        ),
        received_at={p.id: p.received_at for p in photos.of_treatment(db, treatment.id)},
        outcomes={alert.concern: alert.outcome for alert in resolved if alert.outcome},
        risk_factors=risk_factors_of(person, screening) if person else frozenset(),
    )
