"""What the address and the forms of the compare page say."""

from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from tracker.comparisons import Asked
from tracker.photos import View
from web.comparison_pages import Choices, Heat, Light, Mode

K = TypeVar("K", bound=StrEnum)


def read_choices(said: MultiDict[str, str] | ImmutableMultiDict[str, str]) -> Choices:
    """What to show and how; what is missing or unknown is left to the page."""
    return Choices(
        asked=Asked(
            before=said.get("before") or None,
            after=said.get("after") or None,
            view=_one_of(View, said.get("view", "")),
        ),
        mode=_one_of(Mode, said.get("mode", "")) or Mode.SLIDER,
        light=_one_of(Light, said.get("light", "")) or Light.SAME,
        heat=_one_of(Heat, said.get("heat", "")) or Heat.NONE,
    )


def _one_of(kind: type[K], text: str) -> K | None:
    return kind(text) if text in set(kind) else None
