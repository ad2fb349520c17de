"""The words of evidence: what a colleague would write into the note."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from tracker.alerts import Concern
from tracker.photo_evidence import PhotoEvidence
from tracker.photo_series import pigment, redness
from tracker.readings import Reading
from tracker.signs import Reached
from tracker.treatments import Region

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
    """A sign as it stands in the evidence: `pus or yellow crust`."""
    return _SIGNS.get(name, name.replace("_", " "))


def floors_words(reached: Sequence[Reached]) -> str:
    """What reached the floors of a concern, once each, and how late it came, if it did.

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
    """The latest value of the region that shows it best, as people count."""
    by_pigment = concern in {Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION}
    quantity, stuff = (pigment, "pigment") if by_pigment else (redness, "blood")
    latest = next((r for r in readings if r.photo_id == photo.photo_id), None)
    region = photo.regions[0] if photo.regions else Region.FACE
    if latest is None or region not in latest.regions:
        return ""
    times = 2 ** quantity(latest.regions[region]).value
    return f", now {times:.1f} times the {stuff} of before"
