"""A patient's check-in answers as the table that the care team reads."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.actions.course.progress import Progress
from tracker.domain.course.check_ins import SIGNS, Answers, CheckIn
from tracker.domain.course.treatments import day_number
from web.words.times import day_words, when
from web.words.words import NOT_ANSWERED, SIGN_NAMES, SWELLING


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


def answers_rows(progress: Progress, now: datetime, zone: ZoneInfo) -> tuple[AnswersRow, ...]:
    """The check-ins as a table, newest first."""
    return tuple(_answers(c, progress, now, zone) for c in reversed(progress.check_ins))


def _answers(check_in: CheckIn, progress: Progress, now: datetime, zone: ZoneInfo) -> AnswersRow:
    answers = check_in.answers
    return AnswersRow(
        day=day_words(day_number(progress.treatment, check_in.at, progress.patient.zone)),
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
    return words


def _or_unanswered(answer: int | str | None) -> str:
    return NOT_ANSWERED if answer is None else str(answer)


def _other_signs(answers: Answers) -> str:
    """What is known of the signs that were not ticked; empty where the ticked ones say it all."""
    given = [answer for name in SIGNS if (answer := getattr(answers, name)) is not None]
    if not given:
        return NOT_ANSWERED
    if False in given:
        return "" if True in given else "none"
    return f"the others {NOT_ANSWERED}"
