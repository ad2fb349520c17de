"""A course as a folder holds it: everything about one treatment of one patient, as text."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tracker.domain.course.check_ins import ANSWER_NAMES, Answers, Trend
from tracker.domain.course.photos import PhotoRole, SkinState
from tracker.domain.course.procedures import Procedure, Product, ProductUse
from tracker.domain.course.treatments import AREAS, Region, Setting, Treatment
from tracker.domain.people.people import SKIN_TYPES, Risk, check_time_zone
from tracker.domain.protocols.toml_tables import read_toml

FORMAT = 1
COURSE_FILE = "course.toml"

Kind = TypeVar("Kind", bound=StrEnum)


class CourseError(ValueError):
    """A course cannot be read; the message names file, field and remedy."""


@dataclass(frozen=True, slots=True)
class CoursePhoto:
    """A photo file of the course; `file` is a plain name inside the folder."""

    file: str
    taken_at: datetime
    role: PhotoRole
    skin_state: SkinState

    @property
    def at(self) -> datetime:
        """When it enters the story."""
        return self.taken_at


@dataclass(frozen=True, slots=True)
class CourseCheckIn:
    """The answers given at a time."""

    at: datetime
    answers: Answers


@dataclass(frozen=True, slots=True)
class CourseStory:
    """A parsed course. `treatment` has neither id nor patient yet."""

    time_zone: str
    skin_type: int | None
    history: frozenset[Risk]
    treatment: Treatment
    photos: tuple[CoursePhoto, ...]
    check_ins: tuple[CourseCheckIn, ...]

    @property
    def events(self) -> tuple[CoursePhoto | CourseCheckIn, ...]:
        """Photos and check-ins in time order; of one moment, the photo first."""
        return tuple(sorted((*self.photos, *self.check_ins), key=lambda event: event.at))


def parse_course(text: str) -> CourseStory:
    """Read the text of a course.toml; CourseError names field and remedy."""
    try:
        table = read_toml(text)
    except ValueError as error:
        raise CourseError(
            f"{COURSE_FILE}: not valid TOML ({error}); mend the line named"
        ) from error
    if table.get("format") != FORMAT:
        raise CourseError(f"{COURSE_FILE}: format must be {FORMAT}")
    patient = _table(table, "patient")
    skin_type = patient.get("skin_type")
    if skin_type is not None and skin_type not in SKIN_TYPES:
        raise CourseError(f"{COURSE_FILE}: patient.skin_type must be a whole number from 1 to 6")
    zone = _text(patient, "time_zone", "patient")
    _named("patient.time_zone", lambda: check_time_zone(zone))
    history = _list(patient, "history", [], "patient")
    photos = tuple(_photo(row, where) for row, where in _rows(table, "photos"))
    if len({photo.file for photo in photos}) < len(photos):
        raise CourseError(f"{COURSE_FILE}: photos.file names a file twice; list each file once")
    return CourseStory(
        time_zone=zone,
        skin_type=skin_type,
        history=frozenset(_kind(Risk, word, "patient.history") for word in history),
        treatment=_treatment(_table(table, "treatment")),
        photos=photos,
        check_ins=tuple(_check_in(row, where) for row, where in _rows(table, "check_ins")),
    )


def course_text(story: CourseStory) -> str:
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
        ("[[photos]]", asdict(photo) | {"taken_at": photo.taken_at.astimezone(zone)})
        for photo in story.photos
    ]
    tables += [
        ("[[check_ins]]", {"at": given.at.astimezone(zone)} | asdict(given.answers))
        for given in story.check_ins
    ]
    return f"format = {FORMAT}\n" + "".join(_toml_table(*table) for table in tables)


def _toml_table(heading: str, row: Mapping[str, object]) -> str:
    lines = [f"{key} = {_toml_value(value)}\n" for key, value in row.items() if value is not None]
    return f"\n{heading}\n" + "".join(lines)


def _toml_value(value: object) -> str:
    """A value as TOML writes it; its text is JSON's but for DEL, which TOML wants escaped."""
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def shifted(story: CourseStory, days: int) -> CourseStory:
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
    )


def _treatment(row: Mapping[str, Any]) -> Treatment:
    areas = _list(row, "areas", AREAS, "treatment")
    depth = row.get("needle_depth_mm")
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int | float)):
        raise CourseError(f"{COURSE_FILE}: treatment.needle_depth_mm must be a number")
    return _named(
        "treatment",
        lambda: Treatment(
            id="",
            patient_id="",
            kind=_text(row, "kind", "treatment"),
            performed_at=_time(row, "performed_at", "treatment"),
            setting=_kind(Setting, row.get("setting", Setting.CLINIC), "treatment.setting"),
            needle_depth_mm=None if depth is None else float(depth),
            areas=frozenset(_kind(Region, area, "treatment.areas") for area in areas),
            variant=_text(row, "variant", "treatment") if "variant" in row else None,
            procedure=_procedure(row),
        ),
    )


def _procedure(row: Mapping[str, Any]) -> Procedure:
    """How it was done, as far as the course tells; all of it may be left out."""
    passes = row.get("passes")
    if passes is not None and (isinstance(passes, bool) or not isinstance(passes, int)):
        raise CourseError(f"{COURSE_FILE}: treatment.passes must be a whole number")
    device, maker, by = (
        _text(row, key, "treatment") if key in row else ""
        for key in ("device", "maker", "performed_by")
    )
    products = tuple(
        Product(
            name=_text(each, "name", f"treatment.{where}"),
            use=_kind(ProductUse, each.get("use", ProductUse.DURING), f"treatment.{where}.use"),
            batch=_text(each, "batch", f"treatment.{where}") if "batch" in each else "",
        )
        for each, where in _rows(row, "products")
    )
    return Procedure(device, maker, passes, products, by)


def _photo(row: Mapping[str, Any], where: str) -> CoursePhoto:
    file = _text(row, "file", where)
    if not file or file.startswith(".") or "/" in file or "\\" in file:
        raise CourseError(f"{COURSE_FILE}: {where}.file must be a plain name in the same folder")
    return CoursePhoto(
        file=file,
        taken_at=_time(row, "taken_at", where),
        role=_kind(PhotoRole, row.get("role", PhotoRole.FOLLOW_UP), f"{where}.role"),
        skin_state=_kind(SkinState, row.get("skin_state", SkinState.CLEAN), f"{where}.skin_state"),
    )


def _check_in(row: Mapping[str, Any], where: str) -> CourseCheckIn:
    at = _time(row, "at", where)
    unknown = row.keys() - {*ANSWER_NAMES, "at"}
    if unknown:
        raise CourseError(f"{COURSE_FILE}: {where}.{min(unknown)} is no answer; remove it")
    answers = {name: value for name, value in row.items() if name != "at"}
    if "trend" in answers:
        answers["trend"] = _kind(Trend, answers["trend"], f"{where}.trend")
    return CourseCheckIn(at, _named(where, lambda: Answers(**answers)))


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = table.get(name)
    if not isinstance(value, dict):
        raise CourseError(f"{COURSE_FILE}: the table [{name}] is missing; add it")
    return value


def _rows(table: Mapping[str, Any], name: str) -> list[tuple[Mapping[str, Any], str]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CourseError(f"{COURSE_FILE}: {name} must be written as [[{name}]]")
    return [(row, f"{name}[{n}]") for n, row in enumerate(rows, 1)]


def _list(
    row: Mapping[str, Any], key: str, otherwise: Sequence[object], where: str
) -> Sequence[object]:
    values = row.get(key, otherwise)
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise CourseError(f'{COURSE_FILE}: {where}.{key} must be a list, such as ["…"]')
    return values


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise CourseError(f"{COURSE_FILE}: {where}.{key} must be a text")
    return value


def _time(row: Mapping[str, Any], key: str, where: str) -> datetime:
    value = row.get(key)
    if not isinstance(value, datetime) or value.tzinfo is None:
        example = "2026-03-02T10:00:00+01:00"
        message = f"{COURSE_FILE}: {where}.{key} must be a time with its offset, such as {example}"
        raise CourseError(message)
    return value


def _kind(kinds: type[Kind], value: object, where: str) -> Kind:
    if not isinstance(value, str) or value not in set(kinds):
        raise CourseError(f"{COURSE_FILE}: {where} is {value!r}; use one of {', '.join(kinds)}")
    return kinds(value)


T = TypeVar("T")


def _named(where: str, make: Callable[[], T]) -> T:
    """Make a value; what the noun finds wrong is told with the field's name."""
    try:
        return make()
    except CourseError:
        raise
    except ValueError as error:
        raise CourseError(f"{COURSE_FILE}: {where}: {error}") from error
