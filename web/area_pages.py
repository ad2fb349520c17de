"""The page on which areas are drawn on the photo from before treatment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.show_treatments import Series, Session
from tracker.outlines import (
    MOST_CORNERS,
    MOST_OUTLINES,
    NOTHING_DRAWN,
    Outline,
    Outlines,
    outlines_text,
    parse_outlines,
)
from tracker.treatments import AREAS
from web.times import when
from web.treatment_words import MARK_FAULTS, marking_words
from web.words import treatment_words


@dataclass(frozen=True, slots=True)
class AreasPage:
    """The photo, what is drawn on it as text (`treated`, `untreated`) and as shapes, and by whom.

    `shapes` are kind and points in percent; `again` counts the photos that would be measured again.
    """

    template: ClassVar[str] = "treatment_areas.html"
    place: ClassVar[str] = "patients"
    most_outlines: ClassVar[int] = MOST_OUTLINES
    most_corners: ClassVar[int] = MOST_CORNERS
    regions: ClassVar[tuple[tuple[str, str], ...]] = tuple(
        (str(area), area.words.capitalize()) for area in AREAS
    )

    patient_id: str
    name: str
    unread: int
    treatment_id: str
    session: str
    baseline_id: str | None
    treated: str
    untreated: str
    shapes: tuple[tuple[str, str], ...]
    known: int
    versions: tuple[tuple[str, str, str], ...]
    again: int
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Treated areas"


@dataclass(frozen=True, slots=True)
class Sent:
    """The two fields as they were sent."""

    treated: str
    untreated: str

    def plus(self, kind: str, outline: Outline) -> "Sent":
        """With one outline more."""
        field = "untreated" if kind == "untreated" else "treated"
        text = f"{getattr(self, field).rstrip()}\n{outlines_text((outline,))}".lstrip()
        return replace(self, **{field: text})

    def read(self) -> Outlines:
        """The outlines; ValueError that names field, line and corner."""
        return Outlines(
            _named("treated areas", self.treated), _named("untreated skin", self.untreated)
        )


def areas_page(
    series: Series, session: Session, now: datetime, reader: ZoneInfo, sent: Sent | None = None
) -> AreasPage:
    """What is drawn now, or what was sent where that could not be kept."""
    latest = session.markings[-1].outlines if session.markings else NOTHING_DRAWN
    fields = sent or Sent(outlines_text(latest.treated), outlines_text(latest.untreated))
    patient = series.patient
    return AreasPage(
        patient_id=patient.id,
        name=patient.name,
        unread=series.unread,
        treatment_id=session.treatment.id,
        session=f"Session {session.number}: "
        + treatment_words(session.treatment, session.protocol.title),
        baseline_id=session.baseline.id if session.baseline else None,
        treated=fields.treated,
        untreated=fields.untreated,
        shapes=_shapes(fields),
        known=len(session.markings),
        versions=tuple(
            (when(each.at, now, reader), each.by, marking_words(each.outlines))
            for each in reversed(session.markings)
        ),
        again=session.photos,
    )


def fault_words(troubles: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What is wrong with which outlines, beside the field they stand in."""
    words: dict[str, list[str]] = {}
    for outline, fault in troubles:
        where = "untreated" if outline.startswith("untreated") else "treated"
        words.setdefault(where, []).append(f"{outline.capitalize()} {MARK_FAULTS[fault]}.")
    return {where: " ".join(said) for where, said in words.items()}


def _shapes(fields: Sent) -> tuple[tuple[str, str], ...]:
    """Kind and points of what can be drawn; a field that cannot be read is told beside itself."""
    try:
        outlines = fields.read()
    except ValueError:
        return ()
    kinds = (("treated", outlines.treated), ("untreated", outlines.untreated))
    return tuple(
        (kind, " ".join(f"{100 * x:.2f},{100 * y:.2f}" for x, y in outline))
        for kind, drawn in kinds
        for outline in drawn
    )


def _named(name: str, text: str) -> tuple[tuple[tuple[float, float], ...], ...]:
    try:
        return parse_outlines(text)
    except ValueError as error:
        raise ValueError(f"{name}, {error}") from error
