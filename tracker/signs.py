"""Signs: what a patient's answers, taken together over the days, report or deny."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tracker.check_ins import SIGNS, Answers, CheckIn, Trend
from tracker.protocols import Protocol, RedFlag
from tracker.treatments import Treatment, days_since


def recent(check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime) -> tuple[CheckIn, ...]:
    """Check-ins that still speak at `at`: an answer is about today's skin, not last week's."""
    return tuple(c for c in check_ins if timedelta(0) <= at - c.at <= protocol.answer_memory)


def lately_received(
    check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime
) -> tuple[CheckIn, ...]:
    """Check-ins that came lately, whenever they were given: a phone may have kept them for days."""
    return tuple(
        c for c in check_ins if timedelta(0) <= at - c.received_at <= protocol.answer_memory
    )


def reported_signs(
    check_ins: Sequence[CheckIn], protocol: Protocol, treatment: Treatment
) -> Mapping[str, bool]:
    """Each sign that was answered, with whether any of these check-ins reports it.

    A sign that was reported once stays reported as long as that answer speaks: a calmer answer
    afterwards may be relief, or tiredness of asking. So a worse answer never hides another.
    """
    reported: dict[str, bool] = {}
    for check_in in check_ins:
        for name, answer in _answered(check_in, protocol, treatment).items():
            if answer is not None:
                reported[name] = reported.get(name, False) or answer
    return reported


def _answered(
    check_in: CheckIn, protocol: Protocol, treatment: Treatment
) -> Mapping[str, bool | None]:
    """Each sign of one check-in; None for what was not answered."""
    answers = check_in.answers
    day = min(int(max(days_since(treatment, check_in.at), 0)), len(protocol.pain_usual) - 1)
    unusual_from = protocol.pain_usual[day] + protocol.pain_unusual_by
    return {
        **{name: getattr(answers, name) for name in SIGNS},
        "unusual_pain": _reaches(answers.pain, unusual_from),
        "pain_high": _reaches(answers.pain, protocol.pain_high_from),
        "itch_high": _reaches(answers.itch, protocol.itch_high_from),
        "swelling_high": _reaches(answers.swelling, protocol.swelling_high_from),
        "trend_worse": None if answers.trend is None else answers.trend is Trend.WORSE,
    }


def _reaches(score: int | None, least: float) -> bool | None:
    return None if score is None else score >= least


def flags_of(answers: Answers, protocol: Protocol) -> tuple[RedFlag, ...]:
    """The red flags that the answers of one check-in trip."""
    return tuple(
        flag
        for flag in protocol.red_flags
        if (flag.pain_from is not None and _reaches(answers.pain, flag.pain_from))
        or (bool(flag.signs) and all(getattr(answers, name) for name in flag.signs))
    )


def tripped_red_flags(
    check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime
) -> tuple[RedFlag, ...]:
    """The red flags of all recent check-ins; a calmer answer afterwards does not hide one."""
    tripped = (flags_of(c.answers, protocol) for c in recent(check_ins, protocol, at))
    return tuple(dict.fromkeys(flag for flags in tripped for flag in flags))
