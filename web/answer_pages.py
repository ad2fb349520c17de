"""What the page of an alert offers for an answer: days, templates, colleagues."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.actions.show_colleagues import Colleagues
from tracker.alert_life import MAX_WHY_LENGTH, Refused
from tracker.alerts import Concern
from tracker.conversation import MAX_REMARK_LENGTH
from tracker.people import Person
from tracker.reply_templates import ReplyTemplate
from web.times import date_words

SNOOZE_CHOICES = (1, 2, 3, 5, 7, 14, 28)  # days


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What the practitioner chose so far, and what is wrong with it, by field.

    `refused` tells why an answer was not taken, `is_sent` that a message has just gone.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None
    is_sent: bool = False


NOTHING_CHOSEN = AnswerForm()


@dataclass(frozen=True, slots=True)
class Desk:
    """What can be chosen from, each as a form sends it and as people say it.

    `fitting` are the templates meant for the alert's concern, `templates` the others; `key` tells
    a message sent twice from two.
    """

    snooze_days: tuple[tuple[str, str], ...]
    fitting: tuple[tuple[str, str], ...]
    templates: tuple[tuple[str, str], ...]
    in_care: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    key: str
    longest_message: int = MAX_REMARK_LENGTH
    longest_note: int = MAX_WHY_LENGTH


def desk(
    concern: Concern,
    templates: Sequence[ReplyTemplate],
    colleagues: Colleagues,
    now: datetime,
    zone: ZoneInfo,
) -> Desk:
    """The choices for an alert about this concern."""
    used = [each for each in templates if not each.is_withdrawn]
    meant = [each for each in used if each.says.concerns and each.says.fits(concern)]
    return Desk(
        snooze_days=_snooze_days(now, zone),
        fitting=tuple((each.id, each.says.title) for each in meant),
        templates=tuple((each.id, each.says.title) for each in used if each not in meant),
        in_care=_named(colleagues.in_care, colleagues.away),
        others=_named(colleagues.others, colleagues.away),
        key=secrets.token_hex(16),
    )


def _named(people: Sequence[Person], away: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (person.id, f"{person.name}, away now" if person.id in away else person.name)
        for person in people
    )


def _snooze_days(now: datetime, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """The days to choose from: each as a form sends it and as people say it."""
    today = now.astimezone(zone)
    days = [today + timedelta(days=count) for count in SNOOZE_CHOICES]
    return tuple((f"{day:%Y-%m-%d}", date_words(day, now)) for day in days)
