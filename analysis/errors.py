"""What can be wrong with a photo, by name."""

from enum import StrEnum


class Fault(StrEnum):
    """One reason why a photo cannot be measured well; each has one plain remedy."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_COSTLY = "too_costly"
    MOVING = "moving_picture"
    UNKNOWN_COLOURS = "unknown_colours"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_TOO_SMALL = "face_too_small"
    TURNED_AWAY = "turned_away"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    COLOUR_CAST = "colour_cast"
    OCCLUDED = "occluded"
    DIFFERENT_PERSON = "different_person"


class Unmeasurable(Exception):  # noqa: N818  (a verdict on a photo, not a programming error)
    """The photo cannot be measured; `fault` says why, `detail` is for the log (no health data)."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
        self.fault = fault
        self.detail = detail

    def __reduce__(self) -> tuple[type["Unmeasurable"], tuple[Fault, str]]:
        """How another process gets it: as it was made."""
        return type(self), (self.fault, self.detail)
