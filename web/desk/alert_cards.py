"""The parts that the pages of an alert and of a patient share: cards, answers, forms, mails."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from tracker.actions.course.progress import CourseSoFar
from tracker.actions.people.care_team import Colleagues
from tracker.domain.alerts.alert_life import MAX_WHY_LENGTH, AnswerRefused
from tracker.domain.alerts.alerts import Alert, Concern, CourseAlert, Outcome, Stage
from tracker.domain.alerts.promises import (
    CALL_CHOICES,
    awaited,
    call_time,
    missed,
    undecided,
)
from tracker.domain.course.check_ins import SIGNS, Answers, CheckIn
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.mail.mails import Mail
from tracker.domain.people.people import Person
from tracker.domain.talk.conversation import MAX_MESSAGE_LENGTH
from tracker.domain.talk.reply_templates import ReplyTemplate
from web.charts.leaves import Leaf, leaf
from web.words.doubts import lost_photos
from web.words.times import date_words, day_words, deadline, when
from web.words.words import (
    LEVELS,
    NOT_ANSWERED,
    OUTCOMES,
    SIGN_NAMES,
    SWELLING,
    LevelWords,
    alert_headline,
)


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An alert in a list; `state` says what became of it, None until a person has opened it.

    `is_quiet` means that it was snoozed or closed.
    """

    id: str
    kind: str
    concern: str
    level: LevelWords
    headline: str
    raised: str
    state: str | None
    is_quiet: bool
    patient_id: str
    patient_name: str
    day: str


def alert_card(
    course: CourseAlert,
    patient: Person,
    people: Mapping[str, Person],
    now: datetime,
    zone: ZoneInfo,
) -> AlertCard:
    """An alert as a list shows it, in the reader's zone; `people` are the staff, by id."""
    alert, treatment = course.alert, course.treatment
    return AlertCard(
        id=alert.id,
        kind=str(alert.level),
        concern=alert.concern.words,
        level=LEVELS[alert.level],
        headline=alert_headline(alert),
        raised=when(alert.raised_at, now, zone),
        state=_state(alert, people, now, zone),
        is_quiet=not alert.is_awake,
        patient_id=patient.id,
        patient_name=patient.name,
        day=day_words(day_number(treatment, alert.raised_at, patient.zone)),
    )


def _state(alert: Alert, people: Mapping[str, Person], now: datetime, zone: ZoneInfo) -> str | None:
    taker = people.get(alert.seen_by or "")
    who = f"{taker.name} has it, " if taker else ""
    if (due := undecided(alert, now)) is not None:
        return f"{who}a decision was due before {deadline(due, now, zone)}, no answer yet"
    call = missed(alert, now) or awaited(alert, now)
    if call is None:
        return _stage_words(alert, people, now, zone)
    so = ", no answer yet" if call <= now else ""
    return f"{who}a call was promised before {deadline(call, now, zone)}{so}"


def _stage_words(
    alert: Alert, people: Mapping[str, Person], now: datetime, zone: ZoneInfo
) -> str | None:
    reader, taker = people.get(alert.read_by or ""), people.get(alert.seen_by or "")
    match alert.stage:
        case Stage.OPEN if alert.read_at is None:
            return None
        case Stage.OPEN:
            who = reader.name if reader else "a colleague"
            return f"{who} has it, opened {when(alert.read_at or now, now, zone)}, no answer yet"
        case Stage.SEEN:
            who = f"{taker.name} has it, seen" if taker else "seen"
            due = (
                f"decides before {deadline(alert.decide_by, now, zone)}" if alert.decide_by else ""
            )
            return f"{who} {when(alert.seen_at or now, now, zone)}, {due or 'not closed yet'}"
        case Stage.SNOOZED:
            until = (alert.snoozed_until or now).astimezone(zone)
            by = f" by {taker.name}" if taker else ""
            return f"snoozed until {date_words(until, now)}{by}"
        case Stage.RESOLVED if alert.outcome is None:
            return f"closed by itself {when(alert.resolved_at or now, now, zone)}"
        case Stage.RESOLVED:
            words = OUTCOMES[alert.outcome or Outcome.UNCLEAR].partition(":")[0]
            return f"resolved {when(alert.resolved_at or now, now, zone)} as {words}"


SNOOZE_CHOICES = (1, 2, 3, 5, 7, 14, 28)  # days


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What the practitioner chose so far, and what is wrong with it, by field.

    `refused` says why an answer was not accepted, `is_sent` that a message was just sent.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: AnswerRefused | None = None
    is_sent: bool = False


NOTHING_CHOSEN = AnswerForm()


@dataclass(frozen=True, slots=True)
class AnswerChoices:
    """The choices, each as a form sends it and as people say it.

    `decides` is the time that the patient reads after "I have seen this", empty if there is none.
    `fitting` are the templates meant for the alert's concern, `templates` the others; `key`
    distinguishes a message sent twice from two messages.
    """

    decides: str
    calls: tuple[tuple[str, str], ...]
    snooze_days: tuple[tuple[str, str], ...]
    fitting: tuple[tuple[str, str], ...]
    templates: tuple[tuple[str, str], ...]
    in_care: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    key: str
    longest_message: int = MAX_MESSAGE_LENGTH
    longest_note: int = MAX_WHY_LENGTH


def answer_choices(
    concern: Concern,
    decides: datetime | None,
    templates: Sequence[ReplyTemplate],
    colleagues: Colleagues,
    now: datetime,
    zone: ZoneInfo,
) -> AnswerChoices:
    """The choices for an alert about this concern, to be decided by `decides` if seen now."""
    used = [each for each in templates if not each.is_withdrawn]
    meant = [each for each in used if each.says.concerns and each.says.fits(concern)]
    return AnswerChoices(
        decides=deadline(decides, now, zone) if decides else "",
        calls=tuple(
            (f"{minutes}", f"before {deadline(call_time(now, minutes), now, zone)}")
            for minutes in CALL_CHOICES
        ),
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


@dataclass(frozen=True, slots=True)
class AnswersRow:
    """One check-in in the table; `signs` are those that were ticked.

    What was left out reads "not answered", which is not the same as none.
    """

    day: str
    at: str
    pain: str
    itch: str
    swelling: str
    trend: str
    signs: str
    other_signs: str
    note: str


LATEST_ANSWERS = 3
ANSWERS_AT_ONCE = 30


def answers_rows(
    progress: CourseSoFar,
    now: datetime,
    zone: ZoneInfo,
    number: int | None = None,
) -> Leaf[AnswersRow]:
    """A leaf of the check-ins as a table, newest first."""
    treatment, own_zone = progress.treatment, progress.patient.zone
    as_row = partial(answers_row, treatment=treatment, own_zone=own_zone, now=now, zone=zone)
    return leaf(progress.check_ins[::-1], number, ANSWERS_AT_ONCE, as_row)


def latest_answers(progress: CourseSoFar, now: datetime, zone: ZoneInfo) -> tuple[AnswersRow, ...]:
    """The latest check-ins that say something, and the latest that warn, newest first.

    Calm answers that came later do not hide those with which it began.
    """
    told = [each for each in reversed(progress.check_ins) if not each.answers.is_empty]
    latest = told[:LATEST_ANSWERS]
    warning = [each for each in told if each.warns][:LATEST_ANSWERS]
    shown = [each for each in told if each in latest or each in warning]
    treatment, own_zone = progress.treatment, progress.patient.zone
    return tuple(answers_row(each, treatment, own_zone, now, zone) for each in shown)


def answers_row(
    check_in: CheckIn, treatment: Treatment, own_zone: ZoneInfo, now: datetime, zone: ZoneInfo
) -> AnswersRow:
    """One check-in; its day is that of its treatment in the patient's `own_zone`."""
    answers = check_in.answers
    return AnswersRow(
        day=day_words(day_number(treatment, check_in.at, own_zone)),
        at=_answered_at(check_in, now, zone),
        pain=_or_unanswered(answers.pain),
        itch=_or_unanswered(answers.itch),
        swelling=_or_unanswered(None if answers.swelling is None else SWELLING[answers.swelling]),
        trend=_or_unanswered(answers.trend),
        signs=", ".join(SIGN_NAMES[name] for name in SIGNS if getattr(answers, name)),
        other_signs=_other_signs(answers),
        note=answers.note,
    )


def _answered_at(check_in: CheckIn, now: datetime, zone: ZoneInfo) -> str:
    """When answers were given; when they came, if that was much later; what a wrong clock said."""
    words = when(check_in.at, now, zone)
    if check_in.is_late:
        words += f"; came {when(check_in.received_at, now, zone)}"
    if check_in.phone_at is not None:
        words += f"; the phone’s clock said {when(check_in.phone_at, now, zone)}"
    if check_in.is_as_before:
        words += "; pain, itch and swelling confirmed as before"
    return words


def _or_unanswered(answer: int | str | None) -> str:
    return NOT_ANSWERED if answer is None else str(answer)


def _other_signs(answers: Answers) -> str:
    """What is known of the signs that were not ticked; empty if the ticked ones say it all."""
    given = [answer for name in SIGNS if (answer := getattr(answers, name)) is not None]
    if not given:
        return NOT_ANSWERED
    if False in given:
        return "" if True in given else "none"
    return f"the others {NOT_ANSWERED}"


def undelivered_words(mail: Mail, now: datetime, zone: ZoneInfo) -> str:
    """What became of a mail that has not gone out for sure, and what follows."""
    outcome = "may have been sent" if mail.unheard else "has not gone out"
    following = f"Next try {when(mail.next_attempt_at, now, zone)}"
    if mail.failed_at is not None:
        outcome = outcome if mail.unheard else "could not be sent and was given up"
        following = "Ask whether it arrived" if mail.unheard else ""
    written = f"A mail of {when(mail.created_at, now, zone)} to {mail.to_address}"
    return f"{written} {outcome}: {mail.error}. {following}".strip(" .") + "."


def troubles(course: CourseSoFar | None, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """What the list only names: photos that are lost, and mails that did not go out."""
    if course is None:
        return ()
    mails = (undelivered_words(mail, now, zone) for mail in course.undelivered)
    return tuple(filter(None, (lost_photos(course.photos), *mails)))
