"""Signs: what a patient's answers, taken together over the days, report or deny."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tracker.check_ins import SIGNS, Answers, CheckIn, Trend
from tracker.protocols import Protocol, RedFlag


def recent(check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime) -> tuple[CheckIn, ...]:
    """Check-ins that still speak at `at`: an answer is about today's skin, not last week's."""
    return tuple(c for c in check_ins if timedelta(0) <= at - c.at <= protocol.answer_memory)


def reported_signs(
    check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime
) -> Mapping[str, bool]:
    """Each sign that was asked for lately with whether it was reported; empty without answers.

    `check_ins` in time order. Rising pain is the latest score against the lowest before it.
    """
    heard = recent(check_ins, protocol, at)
    if not heard:
        return {}
    latest = heard[-1].answers
    asked = {name: [getattr(c.answers, name) for c in heard] for name in SIGNS}
    signs = {name: any(answers) for name, answers in asked.items() if set(answers) != {None}}
    before = (c.answers.pain for c in check_ins if c.at < heard[-1].at)
    signs["pain_high"] = latest.pain >= protocol.pain_high_from
    signs["pain_rising"] = latest.pain - min(before, default=latest.pain) >= protocol.pain_rising_by
    signs["itch_high"] = latest.itch >= protocol.itch_high_from
    signs["trend_worse"] = latest.trend is Trend.WORSE
    return signs


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


def sign_words(name: str, present: bool) -> str:
    """A sign as it stands in the evidence: `pain rising: yes`."""
    return f"{name.replace('_', ' ')}: {'yes' if present else 'no'}"


def flag_words(flag: RedFlag) -> str:
    """What tripped a red flag: `fever and spreading`."""
    parts = [name.replace("_", " ") for name in sorted(flag.signs)]
    return " and ".join(parts) if parts else f"pain {flag.pain_from} or more"
