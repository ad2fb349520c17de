"""The wording of open problems for patients: what each is and what to do about it.

Tables and phrases only; `telling` decides what is open.
"""

from collections.abc import Iterable, Mapping, Sequence

from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import SIGNS, Answers, Trend
from tracker.domain.course.treatments import Region

SIGNS_TICKED: Mapping[str, str] = {
    "warmth": "warm skin",
    "pus": "pus",
    "blisters": "blisters",
    "spreading": "redness that spreads",
    "fever": "fever",
    "breathing_or_face_swelling": "trouble breathing or swollen lips or tongue",
    "dusky": "black, dusky or cold skin",
    "tingling": "tingling near the mouth",
    "hives": "hives",
    "hardness": "a hard or raised spot",
    "eye_swelling": "swollen eyes",
    "eye_pain": "eye pain",
    "numb_or_drooping": "a numb or drooping face",
    "palpitations": "a racing heart",
    "faint": "feeling faint",
    "bleeding": "bleeding that does not stop",
    "asked_for_help": "“I need help now”",
    "new_product": "a new product",
    "sun": "time in the sun",
    "make_up": "make-up",
}
SWELLINGS = ("none", "a little", "moderate", "severe")

# The regions are named before these words; {is_} is "is" or "are".
SHOWN: Mapping[Concern, str] = {
    Concern.INFECTION: "{is_} getting redder again",
    Concern.ALLERGIC_REACTION: "{is_} getting redder again",
    Concern.COLD_SORE: "{is_} getting redder again",
    Concern.PROLONGED_INFLAMMATION: "{is_} still red, longer than expected",
    Concern.HYPERPIGMENTATION: "{is_} darker than before the treatment",
    Concern.HYPOPIGMENTATION: "{is_} lighter than before the treatment",
    Concern.SCARRING: "{is_} still changed",
}
NOTED = "You wrote a note with your answers."
NEEDS_A_LOOK = "Something in your photos or answers needs a person to look at it."
# What it is and what to do, with and without a clinic, where no photo or answer shows it.
SPECIAL: Mapping[Concern, tuple[tuple[str, str], tuple[str, str]]] = {
    Concern.SILENCE: (
        (
            "Your clinic is waiting to hear from you.",
            "Send today’s photo and answers. If something is wrong, call your clinic.",
        ),
        ("Nothing has come from you for some days.", "Send today’s photo and answers."),
    ),
    Concern.UNJUDGED: (
        (
            "Afterglow could not judge your photos and answers.",
            "Your clinic has been asked to look at them. If anything worries you, call it.",
        ),
        (
            "Afterglow could not judge your photos and answers.",
            "Do not wait for it. If anything worries you, see a doctor.",
        ),
    ),
}

DO: Mapping[tuple[Level, bool], str] = {
    (Level.URGENT, False): (
        "Call your clinic now. If you cannot reach it, go to the nearest emergency department."
    ),
    (Level.REVIEW, False): "Your clinic has been asked to look at this. If it gets worse, call.",
    (Level.WATCH, False): "Your clinic will look at this with your next photo.",
    (Level.URGENT, True): (
        "See a doctor now. If you cannot reach one, go to the nearest emergency department."
    ),
    (Level.REVIEW, True): "See a doctor today.",
    (Level.WATCH, True): (
        "Take a photo tomorrow. If it gets worse, or is still there in two days, see a doctor."
    ),
}
# A lesser problem next to an urgent one: neither of its own words may ask to wait.
NEXT_TO_URGENT: Mapping[bool, str] = {
    False: "First do what the red box says, and tell your clinic about this too.",
    True: "First do what the red box says, and show the doctor this too.",
}
DO_WHEN_STALE = "If no doctor has looked at this yet, show it to one today."

UNTIL: Mapping[Concern, str] = {
    Concern.INFECTION: (
        "Until then: wash your hands before you touch your face, do not squeeze, and put no make-up"
        " on it. If it spreads or hurts more, or you get a fever: {call} at once."
    ),
    Concern.PROLONGED_INFLAMMATION: (
        "Until then: only mild cleanser, moisturiser and sunscreen. If it hurts, spreads or feels"
        " hot: {call} at once."
    ),
    Concern.HYPERPIGMENTATION: (
        "Until then: sunscreen and shade every day. Do not try to bleach or peel it."
    ),
    Concern.HYPOPIGMENTATION: (
        "Until then: sunscreen and shade every day. Do not treat it yourself."
    ),
    Concern.SCARRING: "Until then: do not scratch or pick at it, and keep it out of the sun.",
    Concern.ALLERGIC_REACTION: (
        "Until then: stop every new product. If you have trouble breathing, or your lips or tongue"
        " swell: call the emergency number at once."
    ),
    Concern.COLD_SORE: (
        "Until then: do not touch the sores, and wash your hands. If your eye hurts, or sores"
        " spread: {call} at once."
    ),
}


def do_next_to_urgent(do: str, *, alone: bool) -> str:
    """`do`, unless it asks to wait for the clinic, the next photo or the doctor of today."""
    waits = (DO[Level.WATCH, alone], DO[Level.REVIEW, alone])
    return NEXT_TO_URGENT[alone] if do in waits else do


def shown_words(concern: Concern, regions: Sequence[Region]) -> str:
    """`Your left cheek and nose are getting redder again.`; empty without a region."""
    if not regions:
        return ""
    many = len(regions) > 1
    where = _together([region.words for region in regions])
    words = SHOWN.get(concern, "{is_} changed in a way that a person must look at")
    return f"Your {where} {words.format(is_='are' if many else 'is')}."


def answer_words(
    named: Iterable[str], pain: int | None, swelling: int | None, *, worse: bool
) -> str:
    """`You ticked pus and fever, and gave your pain as 8 of 10.`; empty for no answer.

    `named` are names of signs; `pain` (0-10) and `swelling` (0-3) are None when they do not matter.
    """
    ticks = [SIGNS_TICKED.get(name, name.replace("_", " ")) for name in SIGNS if name in set(named)]
    said = []
    if ticks:
        said.append(f"ticked {_together(ticks)}")
    if pain is not None:
        said.append(f"gave your pain as {pain} of 10")
    if swelling is not None:
        said.append(f"called your swelling {SWELLINGS[swelling]}")
    if worse:
        said.append("found your skin worse than the day before")
    if len(said) > 1:
        said[-1] = f"and {said[-1]}"
    return f"You {', '.join(said)}." if said else ""


def complaints_words(answers: Answers) -> str:
    """The complaints in the answers, for a person to read: `I answered: pus, fever, pain 8 of 10.`

    Empty if they hold no sign, no score and no note.
    """
    said = [SIGNS_TICKED[name] for name in SIGNS if getattr(answers, name)]
    said += [f"pain {answers.pain} of 10"] if answers.pain else []
    said += [f"itch {answers.itch} of 10"] if answers.itch else []
    said += [f"swelling: {SWELLINGS[answers.swelling]}"] if answers.swelling else []
    said += ["worse than the day before"] if answers.trend is Trend.WORSE else []
    said += [f"note: {answers.note}"] if answers.note else []
    return f"I answered: {', '.join(said)}." if said else ""


def _together(words: Sequence[str]) -> str:
    """`pus, fever and hives`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
