"""Templates of messages to patients: what the clinic often says, with places to fill in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.people.people import Person

MAX_TITLE_LENGTH = 80
MAX_TEXT_LENGTH = 2000
PLACES: Mapping[str, str] = {
    "first name": "the first word of the patient’s name",
    "day": "how many days ago the treatment was, as in day 3",
    "me": "your name",
}
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class ReplyText:
    """What a template says; `concerns` are those it fits, none for any.

    Raises ValueError, with the remedy, if it cannot be a template.
    """

    title: str
    text: str
    concerns: frozenset[Concern] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < len(self.title) <= MAX_TITLE_LENGTH:
            raise ValueError(f"write a title of at most {MAX_TITLE_LENGTH} characters")
        if not 0 < len(self.text) <= MAX_TEXT_LENGTH:
            raise ValueError(f"write a message of at most {MAX_TEXT_LENGTH} characters")
        known = ", ".join(f"{{{name}}}" for name in PLACES)
        for name in _PLACE.findall(self.text):
            if name.strip() not in PLACES:
                raise ValueError(f"{{{name}}} cannot be filled in; use {known} or no brackets")

    def fits(self, concern: Concern) -> bool:
        """Whether it is meant for an alert about this concern."""
        return not self.concerns or concern in self.concerns


@dataclass(frozen=True, slots=True)
class ReplyVersion:
    """The content of a template at one time; `number` grows over all templates."""

    number: int
    says: ReplyText
    author: str
    at: datetime
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """A template: as shipped with Afterglow, or the clinic's latest version.

    `versions` oldest first; none if the clinic has not changed the shipped one.
    """

    id: str
    shipped: ReplyText | None
    versions: tuple[ReplyVersion, ...] = ()

    @property
    def says(self) -> ReplyText:
        """The current text."""
        if self.versions:
            return self.versions[-1].says
        if self.shipped is None:
            raise ValueError(f"template {self.id} has no text; it is neither shipped nor written")
        return self.shipped

    @property
    def read(self) -> int:
        """The number of the current version, 0 for the shipped one."""
        return self.versions[-1].number if self.versions else 0

    @property
    def is_withdrawn(self) -> bool:
        """Whether the clinic does not use it."""
        return bool(self.versions) and self.versions[-1].is_withdrawn


def filled(
    says: ReplyText, patient: Person, treatment: Treatment | None, writer: Person, now: datetime
) -> str:
    """The text for one patient; only the known placeholders are replaced.

    The day is `today` for a patient without a treatment.
    """
    values = {
        "first name": patient.name.split(maxsplit=1)[0],
        "day": _day(treatment, patient, now),
        "me": writer.name,
    }
    return _PLACE.sub(lambda place: values.get(place[1].strip(), place[0]), says.text)


def _day(treatment: Treatment | None, patient: Person, now: datetime) -> str:
    if treatment is None:
        return "today"
    day = day_number(treatment, now, patient.zone)
    return f"day {day}" if day > 0 else "the day of your treatment"


SHIPPED: Mapping[str, ReplyText] = {
    "keep-going": ReplyText(
        "Thank you, keep going",
        "Hello {first name}, thank you for your photo and your answers of {day}. I have looked at "
        "them. Please go on as before and send your next photo tomorrow. If anything worries you, "
        "write to me or call us.\n{me}",
    ),
    "another-photo": ReplyText(
        "Please send another photo",
        "Hello {first name}, I would like to see your skin a little better. Could you send one "
        "more photo today: near a window, by daylight, without make-up? Thank you.\n{me}",
    ),
    "come-and-show": ReplyText(
        "Please come and let us look",
        "Hello {first name}, I would like to look at your skin myself. Please call us today, so "
        "that we find a time soon. Until then keep your skin clean, and do not scratch or squeeze "
        "it. If you get a fever, the redness spreads fast, or you feel ill, do not wait for me: "
        "call us or the emergency number at once.\n{me}",
        frozenset(
            {
                Concern.INFECTION,
                Concern.ALLERGIC_REACTION,
                Concern.PROLONGED_INFLAMMATION,
                Concern.OTHER_HARM,
            }
        ),
    ),
    "calm-skin": ReplyText(
        "Give your skin a rest",
        "Hello {first name}, on {day} your skin is still redder than usual after this treatment. "
        "Please use only a bland moisturiser and your sunscreen: no acids, retinoids or scrubs, "
        "no sauna, and as little sun as you can. Did you use anything new? I look again at your "
        "next photo.\n{me}",
        frozenset({Concern.PROLONGED_INFLAMMATION}),
    ),
    "stop-new-products": ReplyText(
        "Stop new products",
        "Hello {first name}, please stop every product that is new on your skin and wash with "
        "lukewarm water only. Write to me what you used and since when. If your lips, eyes or face "
        "swell, or breathing becomes hard, call the emergency number at once.\n{me}",
        frozenset({Concern.ALLERGIC_REACTION}),
    ),
    "tingling": ReplyText(
        "Tingling or blisters near the mouth",
        "Hello {first name}, thank you for telling us. Please call us today: if there is something "
        "to take, it helps most in the first days. Do not touch the spot, and wash your hands "
        "often.\n{me}",
        frozenset({Concern.COLD_SORE}),
    ),
    "tone": ReplyText(
        "A change of skin tone",
        "Hello {first name}, the tone of your skin has changed in some places. Please protect it "
        "from the sun every day, leave out whatever stings, and send one photo a week in the same "
        "light. We look at it together at your next visit; call us if you would like to come "
        "sooner.\n{me}",
        frozenset({Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION}),
    ),
    "firm-spot": ReplyText(
        "A spot that feels firm",
        "Hello {first name}, thank you for telling us about the spot that feels firm. Please do "
        "not rub or scratch it. I would like to look at it: please call us to find a time in "
        "the next days.\n{me}",
        frozenset({Concern.SCARRING}),
    ),
    "looking-myself": ReplyText(
        "I look at your photos myself",
        "Hello {first name}, our program could not compare your photos this time, so I look at "
        "them myself. How is your skin today? If it hurts more, swells, or you feel ill, do not "
        "wait for my answer: call us.\n{me}",
        frozenset({Concern.UNJUDGED}),
    ),
    "are-you-well": ReplyText(
        "Are you well?",
        "Hello {first name}, we have not heard from you for a few days. That is all right, nothing "
        "is lost. How is your skin? A photo and a check-in today help us to look after you. If "
        "something worries you, please call us.\n{me}",
        frozenset({Concern.SILENCE}),
    ),
}
