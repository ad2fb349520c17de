"""Progress made by hand, for tests of what is drawn and said."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.tracker.courses_of_readings import TREATED_AT, treatment
from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.photos import Photo
from tracker.domain.course.readings import Reading
from tracker.domain.people.people import Person, Role
from tracker.domain.protocols.aftercare import RunningTreatment, day_plan, questions_of
from tracker.domain.protocols.screening import summary
from tracker.domain.recovery.bands import band_until
from tracker.domain.recovery.recovery import Course, assess
from tracker.storage.protocols import protocol_files

ALICE = Person("p", Role.PATIENT, "Alice", "alice@clinic.example", "Europe/Berlin")


def now_on(day: float) -> datetime:
    """The time this many days after the treatment."""
    return TREATED_AT + timedelta(days=day)


def so_far(
    day: float,
    readings: Iterable[Reading] = (),
    *,
    check_ins: Iterable[CheckIn] = (),
    photos: Iterable[Photo] = (),
    alerts: Iterable[Alert] = (),
) -> Progress:
    """Alice's progress on a day, judged by the real engine."""
    protocol = protocol_files.load("microneedling")
    running = (RunningTreatment(treatment(), protocol, int(day)),)
    course = Course(treatment(), tuple(readings), tuple(check_ins))
    return Progress(
        patient=ALICE,
        treatment=course.treatment,
        protocol=protocol,
        day=int(day),
        aftercare=day_plan(running, (), now_on(day).date()),
        questions=questions_of(running),
        screening=summary(None, protocol, ALICE),
        photos=tuple(photos),
        readings=course.readings,
        check_ins=course.check_ins,
        band=band_until(course.treatment, protocol, day),
        assessment=assess(course, protocol, until=day),
        alerts=tuple(alerts),
        undelivered=(),
    )
