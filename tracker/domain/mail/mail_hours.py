"""When daily mail is due, at the hour that its reader chose and where the reader lives.

A day is a calendar day in the reader's zone. A change of the clocks neither skips nor repeats a
mail, and a person who travels still gets one a day.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person

LATEST = timedelta(hours=3)  # after an outage; a reminder late at night is no use
DAILY_UNTIL = 14  # days since treatment with a photo each; one a week from then on
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
FIRST_MORNING = 4  # o'clock; before it is still the night after the treatment


def is_photo_missing(
    patient: Person, treatment: Treatment, last_day: int, photo_days: Collection[date], day: date
) -> bool:
    """Whether a photo is asked for on a day (up to the plan's `last_day`) and has not arrived.

    `photo_days` are the patient's dates of usable photos. Where one a week is asked for, one of the
    days before is enough.
    """
    number = (day - patient.date_at(treatment.performed_at)).days
    if 1 <= number <= DAILY_UNTIL:
        span = DAY
    elif DAILY_UNTIL < number <= last_day and number % WEEK.days == 0:
        span = WEEK
    else:
        return False
    return not any(day - span < taken <= day for taken in photo_days)


def counts_for_reminders_since(patient: Person, treatment: Treatment) -> datetime:
    """From when on a photo can be a day's photo; earlier ones belong to the night of treatment."""
    next_day = patient.date_at(treatment.performed_at) + DAY
    return patient.moment_of(next_day, FIRST_MORNING)


def reminder_day(patient: Person, now: datetime, *, is_chosen_now: bool = False) -> date | None:
    """The day for which it is time to remind, or None: too early or too late.

    The cause of the message ensures that no day has two. With `is_chosen_now` the patient has just
    changed the hour or the zone: if the hour is now in the past, the reminder is due at once.
    """
    if patient.reminder_hour is None:
        return None
    today = patient.date_at(now)
    moment = patient.moment_of(today, patient.reminder_hour)
    return today if moment <= now and (is_chosen_now or now < moment + LATEST) else None


def digest_moment(practitioner: Person, now: datetime) -> datetime | None:
    """When today's digest was due; None before that. Anything later waits for tomorrow's."""
    moment = practitioner.moment_of(practitioner.date_at(now), practitioner.digest_hour)
    return moment if moment <= now else None
