"""Whether a treatment comes too soon after an earlier one of the same patient."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.protocols.protocols import Protocols

STILL_HEALING = "The skin may not have recovered from it yet."


@dataclass(frozen=True, slots=True)
class TooSoon:
    """An earlier treatment less than `least_days` ago.

    `days` are calendar days between the two where the patient lives; `date` is the earlier one's
    day there, and `because` the protocol's own words.
    """

    earlier: Treatment
    date: str
    days: int
    least_days: int
    because: str

    @property
    def words(self) -> str:
        """The interval, the least that is asked, and why."""
        kind = self.earlier.kind.replace("_", " ")
        variant = f", {self.earlier.variant.replace('_', '-')}" if self.earlier.variant else ""
        after = "On the same day as" if self.days == 0 else f"{_days(self.days)} after"
        asked = f"At least {_days(self.least_days)} should lie between them"
        return f"{after} {kind}{variant} ({self.date}). {asked}. {self.because}"


def too_soon(
    treatment: Treatment, others: Iterable[Treatment], protocols: Protocols, zone: ZoneInfo
) -> tuple[TooSoon, ...]:
    """The earlier treatments that this one follows too soon, the worst first.

    `others` are those of the same patient; one that was withdrawn was never given. Of several waits
    in the protocol the longest counts. If it names none, the earlier treatment must be as old as
    the time in which skin nearly always clears. Raises ProtocolError when no protocol fits the
    treatment.
    """
    waits = (
        _wait(treatment, each, protocols, zone)
        for each in others
        if each.id != treatment.id
        and each.performed_at <= treatment.performed_at
        and not each.is_withdrawn
    )
    found = [wait for wait in waits if wait is not None]
    return tuple(sorted(found, key=lambda wait: wait.days - wait.least_days))


def _wait(
    treatment: Treatment, earlier: Treatment, protocols: Protocols, zone: ZoneInfo
) -> TooSoon | None:
    rules = [
        (rule.least_days, rule.words)
        for rule in protocols.of(treatment.kind).spacing
        if rule.follows(earlier)
    ]
    followed = protocols.by_kind.get(earlier.kind)
    if not rules and followed is not None:
        healing = followed.healing_for(earlier.needle_depth_mm, earlier.variant)
        rules = [(math.ceil(healing.clear_days_p95), STILL_HEALING)]
    days = day_number(earlier, treatment.performed_at, zone)
    least_days, because = max(rules, default=(0, ""))
    if days >= least_days:
        return None
    done = earlier.performed_at.astimezone(zone)
    return TooSoon(earlier, f"{done.day} {done:%b %Y}", days, least_days, because)


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
