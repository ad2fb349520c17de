"""Times and days in words, in the zone of the person who reads them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.protocols.aftercare import ALWAYS


def when(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`today, 08:10`, `yesterday, 19:00` or `Mon 2 Mar, 08:10`."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"today, {local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return f"yesterday, {local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"


def deadline(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """After "before": `08:10 today`, `19:00 tomorrow` or `08:10 on Mon 2 Mar`."""
    day, _, clock = when(at, now, zone).rpartition(", ")
    if at.astimezone(zone).date() == now.astimezone(zone).date() + timedelta(days=1):
        day = "tomorrow"
    return f"{clock} {day}" if day in {"today", "yesterday", "tomorrow"} else f"{clock} on {day}"


def date_words(local: datetime, now: datetime) -> str:
    """`Monday 2 March`, with the year when it is not this one."""
    year = "" if local.year == now.astimezone(local.tzinfo).year else f" {local.year}"
    return f"{local:%A} {local.day} {local:%B}{year}"


def short_date(at: datetime, zone: ZoneInfo) -> str:
    """`2 Mar, 08:10`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b}, {local:%H:%M}"


def dated(at: datetime, zone: ZoneInfo) -> str:
    """`2 Mar 2026, 08:10`, for paper, which is read much later."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def day_and_month(at: datetime, zone: ZoneInfo) -> str:
    """`Mon 2 Mar`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}"


def day_words(day: int) -> str:
    """`Day 3`, `Treatment day`, `2 days before treatment`."""
    match day:
        case 0:
            return "Treatment day"
        case -1:
            return "1 day before treatment"
        case before if before < 0:
            return f"{-before} days before treatment"
        case _:
            return f"Day {day}"


def until_words(last: date, today: date) -> str:
    """`Today`, `Until tomorrow`, `Until Mon 9 Mar` or `Always`; the day named is the last one."""
    if last == ALWAYS:
        return "Always"
    match (last - today).days:
        case 0:
            return "Today"
        case 1:
            return "Until tomorrow"
        case _:
            year = "" if last.year == today.year else f" {last.year}"
            return f"Until {last:%a} {last.day} {last:%b}{year}"


def withdrawn_words(at: datetime | None, now: datetime, zone: ZoneInfo) -> str | None:
    """Since when a patient wants nothing measured any more; None if measuring is allowed."""
    return None if at is None else f"Consent to care withdrawn {when(at, now, zone)}"


def moment_words(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time to come: `18:00`, `tomorrow at 09:00` or `Mon 9 Mar at 09:00`."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    match (local.date() - today).days:
        case 0:
            return f"{local:%H:%M}"
        case 1:
            return f"tomorrow at {local:%H:%M}"
        case _:
            year = "" if local.year == today.year else f" {local.year}"
            return f"{local:%a} {local.day} {local:%b}{year} at {local:%H:%M}"
