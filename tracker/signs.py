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
    """Each sign that was asked for with whether any of these check-ins reports it.

    A sign that was reported once stays reported as long as that answer speaks: a calmer answer
    afterwards may be relief, or tiredness of asking. So a worse answer never hides another.
    """
    if not check_ins:
        return {}
    every = [c.answers for c in check_ins]
    unusual = (_is_unusual_pain(c, protocol, treatment) for c in check_ins)
    asked = {name: [getattr(answers, name) for answers in every] for name in SIGNS}
    return {
        **{name: any(answers) for name, answers in asked.items() if set(answers) != {None}},
        "unusual_pain": any(unusual),
        "pain_high": any(a.pain >= protocol.pain_high_from for a in every),
        "itch_high": any(a.itch >= protocol.itch_high_from for a in every),
        "swelling_high": any(a.swelling >= protocol.swelling_high_from for a in every),
        "trend_worse": any(a.trend is Trend.WORSE for a in every),
    }


def _is_unusual_pain(check_in: CheckIn, protocol: Protocol, treatment: Treatment) -> bool:
    """Whether the pain is more than this day after the treatment explains."""
    day = min(int(max(days_since(treatment, check_in.at), 0)), len(protocol.pain_usual) - 1)
    return check_in.answers.pain - protocol.pain_usual[day] >= protocol.pain_unusual_by


def flags_of(answers: Answers, protocol: Protocol) -> tuple[RedFlag, ...]:
    """The red flags that the answers of one check-in trip."""
    return tuple(
        flag
        for flag in protocol.red_flags
        if (flag.pain_from is not None and answers.pain >= flag.pain_from)
        or (bool(flag.signs) and all(getattr(answers, name) for name in flag.signs))
    )


def tripped_red_flags(
    check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime
) -> tuple[RedFlag, ...]:
    """The red flags of all recent check-ins; a calmer answer afterwards does not hide one."""
    tripped = (flags_of(c.answers, protocol) for c in recent(check_ins, protocol, at))
    return tuple(dict.fromkeys(flag for flags in tripped for flag in flags))
