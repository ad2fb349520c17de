"""Signs: what a patient's answers, taken together over the days, report or deny."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tracker.check_ins import SIGNS, CheckIn, Trend
from tracker.protocols import Protocol, RedFlag

MEMORY = timedelta(hours=48)  # an answer speaks for the skin of today, not of last week


def reported_signs(check_ins: Sequence[CheckIn], protocol: Protocol) -> Mapping[str, bool]:
    """Each sign with whether it was reported lately; empty when nothing was answered.

    `check_ins` in time order. Rising pain is the latest score against the lowest before it.
    """
    if not check_ins:
        return {}
    latest = check_ins[-1].answers
    recent = [c.answers for c in check_ins if check_ins[-1].at - c.at <= MEMORY]
    signs = {name: any(getattr(a, name) for a in recent) for name in SIGNS}
    lowest_before = min((c.answers.pain for c in check_ins[:-1]), default=latest.pain)
    signs["pain_high"] = latest.pain >= protocol.pain_high_from
    signs["pain_rising"] = latest.pain - lowest_before >= protocol.pain_rising_by
    signs["itch_high"] = latest.itch >= protocol.itch_high_from
    signs["trend_worse"] = latest.trend is Trend.WORSE
    return signs


def tripped_red_flags(check_ins: Sequence[CheckIn], protocol: Protocol) -> tuple[RedFlag, ...]:
    """The red flags that the latest answers trip. `check_ins` in time order."""
    if not check_ins:
        return ()
    answers = check_ins[-1].answers
    return tuple(
        flag
        for flag in protocol.red_flags
        if (flag.pain_from is not None and answers.pain >= flag.pain_from)
        or (bool(flag.signs) and all(getattr(answers, name) for name in flag.signs))
    )


def sign_words(name: str, present: bool) -> str:
    """A sign as it stands in the evidence: `pain rising: yes`."""
    return f"{name.replace('_', ' ')}: {'yes' if present else 'no'}"


def flag_words(flag: RedFlag) -> str:
    """What tripped a red flag: `fever and spreading`."""
    parts = [name.replace("_", " ") for name in sorted(flag.signs)]
    return " and ".join(parts) if parts else f"pain {flag.pain_from} or more"
