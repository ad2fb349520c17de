"""Which session of how many a treatment is, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.course.treatments import Treatment

MOST_SESSIONS = 20
MOST_DAYS = 365
ASKED_DAYS_BEFORE = 1  # the photo from before is asked for on the day before and on the day


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The treatment `treatment_id` is session `number` of `sessions`, one every `every_days`.

    All sessions of a plan are of that treatment's kind. Raises ValueError that says what to change.
    """

    patient_id: str
    treatment_id: str
    number: int
    sessions: int
    every_days: int
    made_at: datetime
    made_by: str

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.sessions <= MOST_SESSIONS:
            raise ValueError(f"choose a session of a series of 1 to {MOST_SESSIONS}")
        if not 1 <= self.every_days <= MOST_DAYS:
            raise ValueError(f"choose 1 to {MOST_DAYS} days")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Where a patient is: session `number` of `of`, both None without a plan.

    `booked` is the next session that has been entered. Without one, `due` is the day, where the
    patient lives, on which the plan has the next.
    """

    number: int | None = None
    of: int | None = None
    booked: Treatment | None = None
    due: date | None = None
    kind: str | None = None

    def asks_for_photo(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it is time for the photo from before the next session."""
        if self.booked is None:
            return False
        day = self.booked.performed_at.astimezone(zone).date()
        return (day - now.astimezone(zone).date()).days <= ASKED_DAYS_BEFORE


NO_PLAN = Sessions()


def sessions_so_far(
    plan: SessionPlan | None, series: Sequence[Treatment], now: datetime, zone: ZoneInfo
) -> Sessions:
    """Count from the treatment of the plan; `series` are all of a patient, the oldest first.

    A session beyond the plan has no number. A course that was ended early has no next one by plan.
    Treatments that were withdrawn do not count.
    """
    series = [each for each in series if not each.is_withdrawn]
    booked = next((each for each in series if each.performed_at > now), None)
    first = next((each for each in series if plan and each.id == plan.treatment_id), None)
    if plan is None or first is None:
        return Sessions(booked=booked)
    of_kind = [each for each in series if each.kind == first.kind]
    done = [each for each in of_kind if each.performed_at <= now]
    latest = done[-1] if done else of_kind[0]
    number = plan.number + of_kind.index(latest) - of_kind.index(first)
    if not 1 <= number <= plan.sessions:
        return Sessions(booked=booked)
    due = None
    if done and number < plan.sessions and latest.ending is None and booked is None:
        due = latest.performed_at.astimezone(zone).date() + timedelta(days=plan.every_days)
    if any(each.performed_at > latest.performed_at for each in series if each != booked):
        return Sessions(
            booked=booked, due=due, kind=first.kind
        )  # the course that runs is of another kind
    return Sessions(number, plan.sessions, booked, due, first.kind if due else None)
