"""What is drawn on photos, as shapes and as a list with the same numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.domain.course.annotations import Annotation, Drawing, Place, Shape, Version
from web.words.times import when

SHAPES: Mapping[Shape, str] = {
    Shape.POINT: "Point",
    Shape.CIRCLE: "Circle",
    Shape.ARROW: "Arrow",
    Shape.OUTLINE: "Outline",
}
NEW = "new"


@dataclass(frozen=True, slots=True)
class DrawnShape:
    """A shape in percent of the picture.

    `radius` is a circle's, in percent of the width; `corners` is SVG's list of points.
    """

    number: int
    shape: Shape
    places: tuple[Place, ...]
    radius: float
    corners: str
    photo_id: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Who changed an annotation in which way, and when."""

    what: str
    note: str
    who: str


@dataclass(frozen=True, slots=True)
class DrawForm:
    """A form that was sent and not kept: for which annotation, what it said, what was wrong."""

    of: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


NOTHING_DRAWN = DrawForm()


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """An annotation in the list; `where` says in words what the shape shows."""

    number: int
    id: str
    read: int
    side: str
    note: str
    where: str
    who: str
    shape: Shape
    places: str
    earlier: tuple[VersionRow, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An annotation that was withdrawn, with all its versions."""

    side: str
    versions: tuple[VersionRow, ...]


@dataclass(frozen=True, slots=True)
class Annotations:
    """All that is drawn on the two photos; `elsewhere` counts it on the others, by photo."""

    shapes: tuple[DrawnShape, ...] = ()
    rows: tuple[AnnotationRow, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    elsewhere: Mapping[str, int] = field(default_factory=dict)


def annotations_on(
    sides: Mapping[str, str], drawn: Iterable[Annotation], now: datetime, zone: ZoneInfo
) -> Annotations:
    """The annotations of the photos in `sides` (photo id → "before" or "after"), numbered."""
    here: list[Annotation] = []
    withdrawn: list[Withdrawn] = []
    elsewhere: dict[str, int] = {}
    for each in drawn:
        if each.photo_id not in sides:
            standing = int(not each.latest.is_withdrawn)
            elsewhere[each.photo_id] = elsewhere.get(each.photo_id, 0) + standing
        elif each.latest.is_withdrawn:
            versions = _versions(each.versions, now, zone)
            withdrawn.append(Withdrawn(sides[each.photo_id], versions))
        else:
            here.append(each)
    return Annotations(
        shapes=tuple(_shape(number, each) for number, each in enumerate(here, 1)),
        rows=tuple(
            AnnotationRow(
                number=number,
                id=each.id,
                read=each.latest.number,
                side=sides[each.photo_id],
                note=each.latest.drawing.note,
                where=_where(each.latest.drawing),
                who=_who(each.latest, now, zone),
                shape=each.latest.drawing.shape,
                places=places_text(each.latest.drawing.places),
                earlier=_versions(each.versions[:-1], now, zone),
            )
            for number, each in enumerate(here, 1)
        ),
        withdrawn=tuple(withdrawn),
        elsewhere={photo_id: count for photo_id, count in elsewhere.items() if count},
    )


def places_text(places: Sequence[Place]) -> str:
    """Percent from the left and the top, place by place: `42 61.5; 50 61.5`."""
    return "; ".join(f"{100 * x:.4g} {100 * y:.4g}" for x, y in places)


def _shape(number: int, annotation: Annotation) -> DrawnShape:
    drawing = annotation.latest.drawing
    percent = tuple((round(100 * x, 2), round(100 * y, 2)) for x, y in drawing.places)
    is_circle = drawing.shape is Shape.CIRCLE
    return DrawnShape(
        number=number,
        shape=drawing.shape,
        places=percent,
        radius=round(abs(percent[1][0] - percent[0][0]), 2) if is_circle else 0,
        corners=" ".join(f"{x:g},{y:g}" for x, y in percent),
        photo_id=annotation.photo_id,
    )


def _where(drawing: Drawing) -> str:
    """`Circle about 42 % from the left and 61 % from the top`."""
    places = drawing.places
    x, y = (
        places[-1]
        if drawing.shape is Shape.ARROW
        else (sum(c) / len(places) for c in zip(*places, strict=True))
        if drawing.shape is Shape.OUTLINE
        else places[0]
    )
    to = {Shape.ARROW: "to", Shape.POINT: "at"}.get(drawing.shape, "about")
    return (
        f"{SHAPES[drawing.shape]} {to} {100 * x:.0f} % from the left, {100 * y:.0f} % from the top"
    )


def _who(version: Version, now: datetime, zone: ZoneInfo) -> str:
    return f"{version.author}, {when(version.at, now, zone)}"


def _versions(versions: Iterable[Version], now: datetime, zone: ZoneInfo) -> tuple[VersionRow, ...]:
    return tuple(
        VersionRow(
            what="Withdrawn" if version.is_withdrawn else _where(version.drawing),
            note=version.drawing.note,
            who=_who(version, now, zone),
        )
        for version in versions
    )
