"""What the address and the forms of the compare page say."""

import re
from collections.abc import Callable
from typing import ParamSpec

from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from tracker.annotations import Drawing, Place, Shape, check_note, check_places
from tracker.comparisons import Asked
from tracker.photos import View
from web.annotation_pages import DrawForm
from web.comparison_pages import Choices, Heat, Light, Mode
from web.forms import one_of, sentence, typed

P = ParamSpec("P")

NUMBER = re.compile(r"-?\d{1,3}(?:\.\d{1,6})?")


def read_choices(said: MultiDict[str, str] | ImmutableMultiDict[str, str]) -> Choices:
    """What to show and how; what is missing or unknown is left to the page."""
    return Choices(
        asked=Asked(
            before=said.get("before") or None,
            after=said.get("after") or None,
            view=one_of(View, said.get("view", "")),
        ),
        mode=one_of(Mode, said.get("mode", "")) or Mode.SLIDER,
        light=one_of(Light, said.get("light", "")) or Light.SAME,
        heat=one_of(Heat, said.get("heat", "")) or Heat.NONE,
    )


def read_drawing(said: ImmutableMultiDict[str, str], of: str) -> Drawing | DrawForm:
    """What is to be drawn, or the form with what is wrong; `of` says for which annotation."""
    errors: dict[str, str] = {}
    shape = one_of(Shape, said.get("shape", ""))
    places = _places(said.get("places", ""))
    if shape is None:
        errors["shape"] = "Choose what to draw."
    if places is None:
        errors["places"] = (
            "Write places as percent from the left and from the top, such as 42 61; 50 61."
        )
    note = typed(said, "note")
    if shape is not None and places is not None:
        errors |= _wrong("places", check_places, shape, places)
    errors |= _wrong("note", check_note, note)
    if errors or shape is None or places is None:
        return DrawForm(of, said, errors)
    return Drawing(shape, places, note)


def _wrong(field: str, check: Callable[P, None], *said: P.args, **more: P.kwargs) -> dict[str, str]:
    """What a check of a noun finds wrong with a field; nothing when it passes."""
    try:
        check(*said, **more)
    except ValueError as error:
        return {field: sentence(str(error))}
    return {}


def read_version(said: ImmutableMultiDict[str, str]) -> int:
    """Which version of an annotation the form was made from; 0 for none."""
    text = said.get("read", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _places(text: str) -> tuple[Place, ...] | None:
    """Places in shares 0–1; None when the text is no list of pairs of numbers."""
    places: list[Place] = []
    for part in filter(str.strip, text.replace("\n", ";").split(";")):
        numbers = NUMBER.findall(part)
        if len(numbers) != 2 or NUMBER.sub("", part).strip(" \t,%"):
            return None
        places.append((float(numbers[0]) / 100, float(numbers[1]) / 100))
    return tuple(places) or None
