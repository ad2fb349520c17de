"""A course as a folder holds it: everything about one treatment of one patient, as text."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tracker.domain.course.check_ins import SCALES, SIGNS, Answers, Trend
from tracker.domain.course.outlines import Outlines, outlines_text, parse_outlines
from tracker.domain.course.photos import PhotoRole, Sides, SkinState
from tracker.domain.course.procedures import MOST_PASSES, Procedure, Product, ProductUse
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.people.people import SKIN_TYPES, Risk
from tracker.domain.people.time_zones import check_time_zone
from tracker.domain.protocols.toml_tables import Document, Table, read_toml

FORMAT = 1
COURSE_FILE = "course.toml"

T = TypeVar("T")


class CourseError(ValueError):
    """A course cannot be read; the message names file, fields and remedies in one line."""


@dataclass(frozen=True, slots=True)
class CoursePhoto:
    """A photo file of the course; `file` is a plain name inside the folder.

    `sides` is what is known of left and right in the file.
    """

    file: str
    taken_at: datetime
    role: PhotoRole
    skin_state: SkinState
    sides: Sides = Sides.UNKNOWN

    @property
    def at(self) -> datetime:
        """When it happens in the story."""
        return self.taken_at


@dataclass(frozen=True, slots=True)
class CourseCheckIn:
    """The answers given at a time."""

    at: datetime
    answers: Answers
    is_as_before: bool = False


@dataclass(frozen=True, slots=True)
class CourseOutlines:
    """What was drawn at a time on the photo `file` from before the treatment."""

    file: str
    at: datetime
    drawn: Outlines


@dataclass(frozen=True, slots=True)
class CourseFolder:
    """A course as its `course.toml` tells it. `treatment` has neither id nor patient yet.

    `screening` are the answers that count, empty where nothing was asked.
    """

    time_zone: str
    skin_type: int | None
    history: frozenset[Risk]
    treatment: Treatment
    photos: tuple[CoursePhoto, ...]
    check_ins: tuple[CourseCheckIn, ...]
    outlines: tuple[CourseOutlines, ...] = ()
    screening: Mapping[str, bool | str] = field(default_factory=dict)

    @property
    def events(self) -> tuple[CoursePhoto | CourseCheckIn | CourseOutlines, ...]:
        """All in time order; at equal times, the photo first and what is drawn on it next."""
        return tuple(
            sorted((*self.photos, *self.outlines, *self.check_ins), key=lambda event: event.at)
        )


def parse_course(text: str) -> CourseFolder:
    """Read the text of a course.toml; CourseError names field, line and remedy of every mistake."""
    try:
        values = read_toml(text)
    except ValueError as error:
        raise CourseError(
            f"{COURSE_FILE}: not valid TOML ({error}); correct the line named"
        ) from error
    if values.get("format") != FORMAT:
        raise CourseError(f"{COURSE_FILE}: format must be {FORMAT}")
    document = Document(text, values)
    story = _story(document.root)
    mistakes = document.mistakes()
    if story is None or mistakes:
        raise CourseError(f"{COURSE_FILE}: {'; '.join(map(str, mistakes))}")
    return story


def course_text(story: CourseFolder) -> str:
    """The text of a course.toml, from which `parse_course` makes the same story again.

    Times are written on the patient's wall clock; questions that were not answered are left out.
    """
    zone, treatment = ZoneInfo(story.time_zone), story.treatment
    patient: dict[str, object] = {
        "skin_type": story.skin_type,
        "time_zone": story.time_zone,
        "history": sorted(story.history),
    }
    treated: dict[str, object] = {
        "kind": treatment.kind,
        "variant": treatment.variant,
        "performed_at": treatment.performed_at.astimezone(zone),
        "setting": treatment.setting,
        "needle_depth_mm": treatment.needle_depth_mm,
        "areas": [area for area in AREAS if area in treatment.areas],
        "device": treatment.procedure.device or None,
        "maker": treatment.procedure.maker or None,
        "passes": treatment.procedure.passes,
        "performed_by": treatment.procedure.performed_by or None,
    }
    tables = [("[patient]", patient), ("[treatment]", treated)]
    tables += [("[[treatment.products]]", asdict(each)) for each in treatment.procedure.products]
    tables += [
        (
            "[[treatment.screening]]",
            {"question": question, "text" if isinstance(answer, str) else "answer": answer},
        )
        for question, answer in story.screening.items()
    ]
    tables += [
        (
            "[[photos]]",
            asdict(photo) | _known(photo) | {"taken_at": photo.taken_at.astimezone(zone)},
        )
        for photo in story.photos
    ]
    tables += [
        (
            "[[check_ins]]",
            {"at": given.at.astimezone(zone), "as_before": given.is_as_before or None}
            | asdict(given.answers),
        )
        for given in story.check_ins
    ]
    tables += [
        (
            "[[outlines]]",
            {
                "file": each.file,
                "at": each.at.astimezone(zone),
                "treated": outlines_text(each.drawn.treated) or None,
                "untreated": outlines_text(each.drawn.untreated) or None,
            },
        )
        for each in story.outlines
    ]
    return f"format = {FORMAT}\n" + "".join(_toml_table(*table) for table in tables)


def _known(photo: CoursePhoto) -> dict[str, object]:
    """The sides, left out where they are not known."""
    return {"sides": None if photo.sides is Sides.UNKNOWN else photo.sides}


def _toml_table(heading: str, row: Mapping[str, object]) -> str:
    lines = [f"{key} = {_toml_value(value)}\n" for key, value in row.items() if value is not None]
    return f"\n{heading}\n" + "".join(lines)


def _toml_value(value: object) -> str:
    """A value as TOML writes it; the text is JSON's, except that TOML escapes DEL."""
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def shifted(story: CourseFolder, days: int) -> CourseFolder:
    """The same story so many days later, at the same hours on the patient's wall clock."""
    zone = ZoneInfo(story.time_zone)

    def later(at: datetime) -> datetime:
        wall = at.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
        return wall.replace(tzinfo=zone)

    performed_at = later(story.treatment.performed_at)
    return replace(
        story,
        treatment=replace(story.treatment, performed_at=performed_at),
        photos=tuple(replace(photo, taken_at=later(photo.taken_at)) for photo in story.photos),
        check_ins=tuple(replace(check_in, at=later(check_in.at)) for check_in in story.check_ins),
        outlines=tuple(replace(each, at=later(each.at)) for each in story.outlines),
    )


def _story(root: Table) -> CourseFolder | None:
    """The whole course, or None when one of its values was refused."""
    root.has("format")  # checked before
    patient, treated = root.table("patient"), root.table("treatment")
    zone = patient.text("time_zone")
    _made(patient, lambda: check_time_zone(zone), key="time_zone")
    history = patient.named("history", Risk, least=0) if patient.has("history") else ()
    treatment = _treatment(treated)
    photos = tuple(_photo(row) for row in root.rows("photos"))
    if len({photo.file for photo in photos}) < len(photos):
        root.refuse("photos", "names a file twice; list each file once")
    check_ins = [_check_in(row) for row in root.rows("check_ins")]
    drawn = [_outlines(row, photos) for row in root.rows("outlines")]
    if treatment is None:
        return None
    return CourseFolder(
        time_zone=zone,
        skin_type=patient.whole("skin_type", min(SKIN_TYPES), max(SKIN_TYPES))
        if patient.has("skin_type")
        else None,
        history=frozenset(risk for risk in Risk if risk in history),
        treatment=treatment,
        photos=photos,
        check_ins=tuple(check_in for check_in in check_ins if check_in is not None),
        outlines=tuple(each for each in drawn if each is not None),
        screening=_screening(treated),
    )


def _treatment(table: Table) -> Treatment | None:
    areas = table.named("areas", AREAS) if table.has("areas") else AREAS
    kind, performed_at = table.text("kind"), table.moment("performed_at")
    setting = table.kind(Setting, "setting") if table.has("setting") else Setting.CLINIC
    depth = table.number("needle_depth_mm") if table.has("needle_depth_mm") else None
    variant = table.text("variant") if table.has("variant") else None
    procedure = _procedure(table)
    if procedure is None:
        return None
    return _made(
        table,
        lambda: Treatment(
            id="",
            patient_id="",
            kind=kind,
            performed_at=performed_at,
            setting=setting,
            needle_depth_mm=depth,
            areas=frozenset(area for area in AREAS if area in areas) or frozenset(AREAS),
            variant=variant,
            procedure=procedure,
        ),
    )


def _procedure(table: Table) -> Procedure | None:
    """How it was done, as far as the course says; all of it may be left out."""
    passes = table.whole("passes", 1, MOST_PASSES) if table.has("passes") else None
    device, maker, by = (_text(table, key) for key in ("device", "maker", "performed_by"))
    products = [_product(row) for row in table.rows("products")]
    used = tuple(product for product in products if product is not None)
    return _made(table, lambda: Procedure(device, maker, passes, used, by))


def _product(row: Table) -> Product | None:
    name = row.text("name", may_be_empty=True)  # the dataclass refuses it with a better message
    use = row.kind(ProductUse, "use") if row.has("use") else ProductUse.DURING
    batch = _text(row, "batch")
    return _made(row, lambda: Product(name, use, batch))


def _photo(row: Table) -> CoursePhoto:
    file = row.text("file")
    if file.startswith(".") or "/" in file or "\\" in file:
        row.refuse("file", "must be a plain name in the same folder")
    return CoursePhoto(
        file=file,
        taken_at=row.moment("taken_at"),
        role=row.kind(PhotoRole, "role") if row.has("role") else PhotoRole.FOLLOW_UP,
        skin_state=row.kind(SkinState, "skin_state") if row.has("skin_state") else SkinState.CLEAN,
        sides=row.kind(Sides, "sides") if row.has("sides") else Sides.UNKNOWN,
    )


def _check_in(row: Table) -> CourseCheckIn | None:
    at = row.moment("at")
    answers: dict[str, Any] = {
        name: row.whole(name, 0, top) for name, top in SCALES.items() if row.has(name)
    }
    answers |= {name: row.truth(name) for name in SIGNS if row.has(name)}
    if row.has("trend"):
        answers["trend"] = row.kind(Trend, "trend")
    is_as_before = row.truth("as_before") if row.has("as_before") else False
    return _made(
        row, lambda: CourseCheckIn(at, Answers(**answers, note=_text(row, "note")), is_as_before)
    )


def _outlines(row: Table, taken: Sequence[CoursePhoto]) -> CourseOutlines | None:
    file, at = row.text("file"), row.moment("at")
    texts = _text(row, "treated"), _text(row, "untreated")
    on = next((photo for photo in taken if photo.file == file), None)
    if on is None or on.role is not PhotoRole.BASELINE or on.taken_at > at:
        row.refuse("file", "must be a photo with the role baseline, taken before it is drawn on")
    return _made(
        row, lambda: CourseOutlines(file, at, Outlines(*(parse_outlines(text) for text in texts)))
    )


def _screening(treated: Table) -> Mapping[str, bool | str]:
    """The answers by question; which questions there are, only the protocol knows."""
    answers: dict[str, bool | str] = {}
    for row in treated.rows("screening"):
        question = row.text("question")
        if question in answers:
            row.refuse("question", "is answered twice; keep one answer")
        answers[question] = _text(row, "text") if row.has("text") else row.truth("answer")
    return answers


def _text(table: Table, key: str) -> str:
    return table.text(key, may_be_empty=True) if table.has(key) else ""


def _made(table: Table, make: Callable[[], T], key: str | None = None) -> T | None:
    """Make a value; an error in it is noted in its table, or at the key."""
    try:
        return make()
    except ValueError as error:
        if key is None:
            table.refuse_here(str(error))
        else:
            table.refuse(key, str(error))
        return None
