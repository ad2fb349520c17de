"""Count how the clinic's courses and alerts ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern, FalseAlarms
from tracker.domain.desk.outcomes import (
    DaysToClear,
    ResponseTime,
    days_to_clear,
    false_alarms_by_concern,
    response_times,
)
from tracker.domain.protocols.protocols import Protocols
from tracker.storage.desk import outcomes


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Numbers of the whole clinic, about no person in particular."""

    clear: tuple[DaysToClear, ...]
    false_alarms: tuple[tuple[Concern, FalseAlarms], ...]
    response: tuple[ResponseTime, ...]


def show_outcomes(db: Database, protocols: Protocols, now: datetime) -> Outcomes:
    """Computed from everything on record."""
    return Outcomes(
        clear=tuple(days_to_clear(outcomes.redness_by_treatment(db, now), protocols)),
        false_alarms=tuple(false_alarms_by_concern(outcomes.resolved(db))),
        response=tuple(response_times(outcomes.asked(db), now)),
    )
