"""The wording of evidence, as a colleague would write it in a note."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tracker.domain.alerts.alerts import Alert, Concern
from tracker.domain.course.readings import (
    Change,
    Estimate,
    Quantity,
    Reading,
    Spots,
    change_between,
)
from tracker.domain.course.treatments import Region, Treatment, day_number, days_since
from tracker.domain.recovery.photo_evidence import PhotoEvidence
from tracker.domain.recovery.photo_series import pigment, redness
from tracker.domain.recovery.signs import Reached

CHEEKS: Final = frozenset({Region.LEFT_CHEEK, Region.RIGHT_CHEEK})
_AS_BEFORE: Final = 0.1  # doublings; less is said as "about"
_GROWN: Final = 1.25  # times the earlier share of the skin; less may be the light

_SIGNS: Final[Mapping[str, str]] = {
    "unusual_pain": "more pain than usual for the day",
    "pain_high": "strong pain",
    "itch_high": "strong itch",
    "swelling_high": "moderate or severe swelling",
    "trend_worse": "worse than the day before",
    "pus": "pus or yellow crust",
    "blisters": "blisters or sores",
    "spreading": "redness spreading beyond the treated area",
    "fever": "fever or feeling ill",
    "breathing_or_face_swelling": "trouble breathing, or swollen lips or tongue",
    "eye_swelling": "swelling around the eyes",
    "eye_pain": "eye pain or worse sight",
    "numb_or_drooping": "numb skin or a drooping face",
    "palpitations": "a racing or irregular heartbeat",
    "faint": "feeling faint",
    "bleeding": "bleeding that does not stop",
    "asked_for_help": "asked for help (“I need help now”)",
}


def sign_words(name: str) -> str:
    """A sign as the evidence names it: `pus or yellow crust`."""
    return _SIGNS.get(name, name.replace("_", " "))


def floors_words(reached: Sequence[Reached]) -> str:
    """What reached the floors of a concern, once each, and how late it arrived, if late.

    `answered: fever or feeling ill; pus or yellow crust; answered 3 days before it came`.
    """
    told: dict[str, None] = {}
    for each in reached:
        told |= dict.fromkeys(_asked(each))
    late = max(each.check_in.received_at - each.check_in.at for each in reached)
    hours = round(late / timedelta(hours=1))
    ago = f"{hours} hours" if hours < 48 else f"{late.days} days"
    words = f"answered: {', '.join(told)}"
    return words if hours < 2 else f"{words}; given {ago} before it came"


def _asked(reached: Reached) -> list[str]:
    floor, answers = reached.floor, reached.check_in.answers
    signs = [sign_words(name) for name in sorted(floor.signs)]
    signs += [f"pain {answers.pain}"] if floor.pain_from is not None else []
    swelling = ("no", "a little", "moderate", "severe")[answers.swelling or 0]
    return signs + ([f"{swelling} swelling"] if floor.swelling_from is not None else [])


def photo_words(concern: Concern, photo: PhotoEvidence, readings: Sequence[Reading]) -> str:
    """What the photos show of a concern: `second rise, left cheek, since day 4`."""
    if photo.factor <= 1:
        return f"photos: {concern.words} does not show"
    where = " and ".join(region.words for region in photo.regions)
    day = round(photo.onset_day)
    now = _now(concern, photo, readings)
    match concern:
        case Concern.PROLONGED_INFLAMMATION:
            return f"redness stays, {where}, past day {day}{now}"
        case Concern.HYPERPIGMENTATION:
            return f"darker than before treatment, {where}, since day {day}{now}"
        case Concern.HYPOPIGMENTATION:
            return f"lighter than before treatment, {where}, since day {day}{now}"
        case Concern.SCARRING:
            return f"a red focus stays, {where}, past day {day}{now}"
        case _:
            return f"second rise, {where}, since day {day}{now}"


def _now(concern: Concern, photo: PhotoEvidence, readings: Sequence[Reading]) -> str:
    """The latest value of the region that shows it best; "" where it would calm."""
    by_pigment = concern in {Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION}
    measured, quantity = (pigment, Quantity.PIGMENT) if by_pigment else (redness, Quantity.REDNESS)
    latest = next((r for r in readings if r.photo_id == photo.photo_id), None)
    region = photo.regions[0] if photo.regions else Region.FACE
    if latest is None or region not in latest.regions:
        return ""
    value = measured(latest.regions[region]).value
    worse = -value if concern is Concern.HYPOPIGMENTATION else value
    return "" if worse < _AS_BEFORE else f", now {times_words(value, quantity)}"


def times_words(
    doublings: float,
    quantity: Quantity,
    normal_high: float | None = None,
    day: str = "today",
) -> str:
    """A reading as every page says it: `3.5 × the redness of before (normal today: up to 1.3 ×)`.

    `doublings` is log2 of the ratio to the photo from before, `normal_high` the upper edge of what
    is normal on the day of the reading, likewise; without it, nothing is said of what is normal.
    `day` names that day.
    """
    told = f"{times(doublings)} the {quantity} of before"
    if abs(doublings) < _AS_BEFORE:
        told = f"about the {quantity} of before ({times(doublings)})"
    if normal_high is None:
        return told
    normal = f"normal {day}: up to {times(normal_high)}"
    if doublings > normal_high and times(doublings) == times(normal_high):
        normal = f"a little above the normal {day}, which goes up to {times(normal_high)}"
    return f"{told[:-1]}; {normal})" if told.endswith(")") else f"{told} ({normal})"


def times(doublings: float) -> str:
    """A ratio to the photo from before, kept on one line: `3.5 ×` from 1.8 doublings."""
    ratio = 2**doublings
    number = f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
    return f"{number}\N{NO-BREAK SPACE}×"


def focal_words(
    alert: Alert, treatment: Treatment, readings: Sequence[Reading], zone: ZoneInfo
) -> tuple[str, ...]:
    """What spots and the cheeks add to an alert, latest photo first; the engine did not weigh it.

    Darker spots support hyperpigmentation. Redder spots that grew since the concern probably began
    support a concern of redness. One-sidedness supports an infection. Everything else is left out.
    `readings` are in time order, days those of the patient's `zone`.
    """
    told = [
        words
        for region in alert.regions or (Region.FACE,)
        if (words := _spots_of_concern(alert, region, treatment, readings, zone))
    ]
    if alert.concern is Concern.INFECTION and treatment.areas >= CHEEKS:
        gap = next((r.asymmetry for r in reversed(readings) if r.asymmetry), None)
        if gap is not None and (side := redder_cheek(gap)) is not None:
            (other,) = CHEEKS - {side}
            told.append(
                f"one-sided: compared with before treatment, the {side.words} has"
                f" {times(abs(gap.value))} the redness of the {other.words}"
            )
    return tuple(told)


def redder_cheek(left_minus_right: Estimate) -> Region | None:
    """The cheek that reddened more, None if the difference is within its error (95 %)."""
    match change_between(Estimate(0, 0), left_minus_right):
        case Change.MORE:
            return Region.LEFT_CHEEK
        case Change.LESS:
            return Region.RIGHT_CHEEK
        case Change.SAME:
            return None


def spots_words(spots: Spots) -> str:
    """`none`, `3, covering 1.2 %`, or `part of one` where its larger part is in another region."""
    count = str(spots.count) if spots.count else "part of one"
    return f"{count}, covering {percent_words(spots.share)}" if spots.share else "none"


def percent_words(share: float) -> str:
    """A share of 0–1 as percent, finer where it is small: `34 %`, `1.2 %`, `under 0.1 %`."""
    percent = 100 * share
    if 0 < percent < 0.1:
        number = "under 0.1"
    else:
        number = f"{percent:.1f}" if 0 < percent < 9.95 else f"{percent:.0f}"
    return f"{number}\N{NO-BREAK SPACE}%"


def _spots_of_concern(
    alert: Alert,
    region: Region,
    treatment: Treatment,
    readings: Sequence[Reading],
    zone: ZoneInfo,
) -> str | None:
    """Spots of the kind that the concern is about, now and when it began."""
    if alert.concern is Concern.HYPOPIGMENTATION or not alert.concern.is_estimated:
        return None  # paler spots are not counted
    is_darker = alert.concern is Concern.HYPERPIGMENTATION
    seen = [
        (reading, focal.darker if is_darker else focal.redder)
        for reading in readings
        if reading.taken_at >= treatment.performed_at
        and region in reading.regions
        and (focal := reading.regions[region].focal) is not None
    ]
    if not seen or not seen[-1][1].share:
        return None
    latest, now = seen.pop()
    onset = alert.onset_day or 0.0
    by_onset = [s for s in seen if days_since(treatment, s[0].taken_at) <= onset]
    earlier = by_onset[-1:] or seen[:1]
    has_grown = bool(earlier) and now.share >= _GROWN * earlier[0][1].share
    if not has_grown and not is_darker:
        return None
    kind = f"{'darker' if is_darker else 'redder'} spots{' grew' if has_grown else ''}"
    day = day_number(treatment, latest.taken_at, zone)
    words = f"{kind}, {region.words}: {spots_words(now)} of the skin on day {day}"
    if not earlier:
        return words
    since = day_number(treatment, earlier[0][0].taken_at, zone)
    return f"{words}; on day {since}: {spots_words(earlier[0][1])}"
