"""One day of a course, as the reminder for it opens it, however late it is tapped."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar

from tracker.actions.show_progress import Progress
from web.patient_pages import follow_ups
from web.telling_pages import OpenThing, open_things, telling_of
from web.times import date_words, day_words, when


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day that is over; states are None for what did not come.

    `told` is what is open today, and then nothing here reassures.
    """

    template: ClassVar[str] = "patient_day.html"
    place: ClassVar[str] = "today"

    title: str
    day: date
    date: str
    photo_id: str | None
    photo_state: str | None
    check_in_state: str | None
    told: tuple[OpenThing, ...]


def day_page(progress: Progress, day: date, now: datetime) -> DayPage | None:
    """The page of a past day; None for a day before the treatment or still to come."""
    zone = progress.patient.zone
    number = (day - progress.patient.date_at(progress.treatment.performed_at)).days
    if number < 0 or day >= progress.patient.date_at(now):
        return None
    photos = [p for p in follow_ups(progress) if progress.patient.date_at(p.taken_at) == day]
    check_ins = [c for c in progress.check_ins if progress.patient.date_at(c.at) == day]
    return DayPage(
        title=day_words(number),
        day=day,
        date=date_words(datetime.combine(day, time(12), zone), now),
        photo_id=photos[-1].id if photos else None,
        photo_state=f"Taken {when(photos[-1].taken_at, now, zone)}" if photos else None,
        check_in_state=f"Sent {when(check_ins[-1].at, now, zone)}" if check_ins else None,
        told=open_things(telling_of(progress, now), progress, now),
    )
