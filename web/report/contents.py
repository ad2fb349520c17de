"""What a report holds: plain words and numbers, in the order in which they are printed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from tracker.actions.alerts.showing import AlertCase
from tracker.actions.course.progress import CourseSoFar
from tracker.domain.clinic.clinic import Clinic
from tracker.domain.course.comparisons import Asked, pair_asked
from tracker.domain.course.photos import Photo, PhotoRole, SkinState, reference_of
from tracker.domain.course.treatments import day_number, days_since
from tracker.domain.people.people import Person
from tracker.wires.photo_files import Picture
from web.charts.charts import Chart
from web.charts.leaves import Leaves
from web.charts.recovery import Recovery, focus_of, recovery
from web.charts.timeline import Strip
from web.report.asking import Reader, Wanted
from web.report.told import (
    AlertTold,
    Note,
    alerts_told,
    closing_note,
    method_lines,
    missing_lines,
    open_notes,
)
from web.words.sides import picture_sides
from web.words.telling import OpenThing, Standing
from web.words.times import dated, day_words
from web.words.treatments import fact_words, session_number_words
from web.words.words import LIGHT_WORDS, SKIN_STATES, areas_words, born_words, treatment_words

HEAT = (
    "More is orange, less is dark and blue; skin as before is grey. Printed without colour, orange"
    " can hardly be seen: read the numbers."
)
HEAT_FOR_PATIENT = (
    "The maps show where your skin is redder or darker than in your photo from before (orange), or"
    " less so (dark and blue). Printed without colour they say little: look at the chart."
)
NEEDED = ("Device", "Passes", "Treated by")  # facts that are printed where they are on record


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture: `file` is its name among the pictures, empty where `gap` says why it is not."""

    title: str
    light: str
    alt: str
    file: str
    gap: str = ""


@dataclass(frozen=True, slots=True)
class RegionLine:
    """What the latest photo of these days measured in one region."""

    region: str
    day: str
    redness: str
    expected: str
    pigment: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that is printed, for the reader it is meant for.

    `chart` and `strip` are None where nothing can be drawn; `pair_gap` says why there is no pair.
    """

    title: str
    name: str
    facts: tuple[tuple[str, str], ...]
    printed: str
    open_title: str
    open: tuple[Note, ...]
    standing: tuple[str, ...]
    missing: tuple[str, ...]
    pair: tuple[Figure, ...]
    pair_gap: str
    sides: str
    heat: tuple[Figure, ...]
    heat_note: str
    regions: tuple[RegionLine, ...]
    chart_title: str
    chart_headline: str
    chart_alt: str
    chart_legend: str
    chart: Chart | None
    strip: Strip | None
    strip_note: str
    strip_words: str
    alerts_title: str
    alerts: tuple[AlertTold, ...]
    alerts_gap: str
    method: tuple[str, ...]
    closing: str
    foot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was read from the records, whole; `number` of `of` courses.

    `cases` are the alerts to print, open ones of any course included. `open` and `standing` are
    what the patient reads now on a phone; `files` the pictures that could be read. `by` is None
    for the command line; `clinic` counts if one cares for the patient.
    """

    course: CourseSoFar
    number: int
    of: int
    cases: tuple[AlertCase, ...]
    clinic: Clinic
    by: Person | None
    open: tuple[OpenThing, ...] = ()
    standing: Standing | None = None
    files: frozenset[tuple[str, Picture]] = frozenset()


def within(course: CourseSoFar, wanted: Wanted) -> CourseSoFar:
    """The course on the days wanted, where the patient lives; the photos from before stay.

    An alert stays while it is not resolved, whatever the days.
    """
    zone, since, until = course.patient.zone, course.treatment.performed_at, None
    if wanted.is_whole:
        return course
    if wanted.since is not None:
        since = datetime.combine(wanted.since, time(), zone)
    if wanted.until is not None:
        until = datetime.combine(wanted.until, time(), zone) + timedelta(days=1)

    def lies_in(at: datetime) -> bool:
        return (wanted.since is None or at >= since) and (until is None or at < until)

    photos = tuple(p for p in course.photos if p.role is PhotoRole.BASELINE or lies_in(p.taken_at))
    kept = {photo.id for photo in photos}
    ends = None if until is None else days_since(course.treatment, until)
    return replace(
        course,
        photos=photos,
        readings=tuple(r for r in course.readings if r.photo_id in kept),
        check_ins=tuple(c for c in course.check_ins if lies_in(c.at)),
        alerts=tuple(a for a in course.alerts if a.resolved_at is None or lies_in(a.raised_at)),
        band=tuple(p for p in course.band if ends is None or p.day <= ends),
    )


def pair_of(course: CourseSoFar) -> tuple[Photo, ...]:
    """The photo from before and the latest, both measured; one photo alone, or none.

    Several photos from before are no pair.
    """
    pair = pair_asked(course.photos, Asked())
    if pair is None:
        return ()
    is_alone = pair.before == pair.after or pair.after.role is PhotoRole.BASELINE
    return (pair.before,) if is_alone else (pair.before, pair.after)


def pictures_of(pair: Sequence[Photo]) -> tuple[tuple[Photo, Picture], ...]:
    """The pictures that a report prints: the photos in one light, and the heat maps of the last."""
    aligned = tuple((photo, Picture.ALIGNED) for photo in pair)
    if not pair or pair[-1].role is PhotoRole.BASELINE:
        return aligned
    return (*aligned, (pair[-1], Picture.REDNESS), (pair[-1], Picture.PIGMENT))


def contents_of(found: Material, wanted: Wanted, now: datetime) -> Contents:
    """Everything that is printed."""
    whole, for_patient = found.course, wanted.reader is Reader.PATIENT
    course = within(whole, wanted)
    pair, zone = pair_of(course), whole.patient.zone
    lead = next((case.alert for case in found.cases if case.alert.is_awake), None)
    same = lead is not None and lead.treatment_id == course.treatment.id
    drawn = recovery(course, focus_of(lead if same else None), focus_of(None), Leaves())
    is_calm = not found.open and found.standing is not None
    return Contents(
        title="My recovery" if for_patient else "Course of recovery",
        name=whole.patient.name,
        facts=_facts(found, wanted),
        printed=dated(now, zone),
        open_title=f"Open on {dated(now, zone)}",
        open=open_notes(found.open if for_patient else found.cases, whole, now),
        standing=_standing(found.standing) if for_patient and is_calm else (),
        missing=missing_lines(course, wanted.reader),
        pair=tuple(_photo(photo, found, course) for photo in pair),
        pair_gap=_pair_gap(pair),
        sides=picture_sides(reference_of(course.photos), "your" if for_patient else "the patient’s")
        if pair
        else "",
        heat=tuple(_heat(p, which, found, course) for p, which in pictures_of(pair)[len(pair) :]),
        heat_note=HEAT_FOR_PATIENT if for_patient else HEAT,
        regions=() if for_patient else _regions(drawn),
        chart_title=drawn.large.title,
        chart_headline=drawn.large.headline if wanted.is_whole and not for_patient else "",
        chart_alt=drawn.large.summary,
        chart_legend=_legend(drawn.large, drawn.strip),
        chart=drawn.large if drawn.large.marks or course.band else None,
        strip=drawn.strip,
        strip_note="● photo measured, ○ photo not measured; bars: 0 to 10; ? not answered; ! sign.",
        strip_words=_strip_words(drawn.strip),
        alerts_title="What your clinic was asked to look at" if for_patient else "Alerts",
        alerts=alerts_told(found.cases, wanted.reader, zone),
        alerts_gap="" if found.cases else "None on these days." if not wanted.is_whole else "None.",
        method=method_lines(course, found.cases, wanted.reader),
        closing=closing_note(whole, found.clinic) if for_patient else "",
        foot=_foot(found, now),
    )


def _legend(chart: Chart, strip: Strip | None) -> str:
    """What is drawn of the chart, as its page says it."""
    parts = (
        "line: measured, with the range that holds 95 in 100",
        f"grey area: {chart.band.label.label}" if chart.band else "",
        "dotted: no photo" if chart.gaps else "",
        "hollow: less certain" if any(mark.hollow for mark in chart.marks) else "",
        "▲ ◆ ○ alert, ! reported sign, ✓ ■ answered" if strip and strip.has_alerts else "",
        "+ − product, S session" if strip and strip.has_care else "",
        "a number: so many at one place"
        if strip and any(mark.count > 1 for mark in strip.marked)
        else "",
    )
    words = "; ".join(filter(None, parts))
    return f"{words[:1].upper()}{words[1:]}."


def _strip_words(strip: Strip | None) -> str:
    """The strip for people who cannot see it: every mark and bar in words, in time order."""
    if strip is None:
        return ""
    marks = [(bar.x, bar.words) for bar in strip.bars]
    marks += [(sign.x, sign.words) for sign in strip.signs]
    return "; ".join(words for _, words in sorted(marks))


def _foot(found: Material, now: datetime) -> str:
    """On every page, so that a lost page names its record: whom, which clinic, when."""
    patient = found.course.patient
    clinic = "" if found.course.is_alone else found.clinic.name
    number = f"record {patient.record_number}" if patient.record_number else ""
    printed = f"printed {dated(now, patient.zone)}" + (f" by {found.by.name}" if found.by else "")
    return " · ".join(filter(None, (patient.name, born_words(patient), number, clinic, printed)))


def _facts(found: Material, wanted: Wanted) -> tuple[tuple[str, str], ...]:
    course = found.course
    patient, treatment, zone = course.patient, course.treatment, course.patient.zone
    known = fact_words(treatment, zone)
    born = patient.birth_date
    which = f"{found.number} of {found.of}" if found.of > 1 else ""
    days = _days(wanted)
    return tuple(
        (name, words)
        for name, words in (
            ("Born", f"{born.day} {born:%b %Y}" if born else "not given"),
            ("Record number", patient.record_number or "not given"),
            ("Skin type", f"{patient.skin_type} of 6" if patient.skin_type else "not given"),
            ("Clinic", "none" if course.is_alone else found.clinic.name or "name not entered"),
            ("Treatment", treatment_words(treatment, course.protocol.title)),
            ("Treated", known["When"]),
            ("Areas", areas_words(treatment.areas)),
            *((name, known[name]) for name in NEEDED),
            ("Session", session_number_words(course.sessions).removeprefix("Session ")),
            ("Course", which),
            ("Day", day_words(course.day).removeprefix("Day ")),
            ("Printed are", days),
        )
        if words
    )


def _days(wanted: Wanted) -> str:
    since, until = (
        f"{day.day} {day:%b %Y}" if day else None for day in (wanted.since, wanted.until)
    )
    if since and until:
        return f"days from {since} to {until}"
    return f"days from {since} on" if since else f"days to {until}" if until else ""


def _standing(standing: Standing | None) -> tuple[str, ...]:
    if standing is None:
        return ()
    told = (f"{standing.headline}.", *standing.details, standing.amount, standing.advice)
    return tuple(filter(None, told))


def _pair_gap(pair: Sequence[Photo]) -> str:
    match len(pair):
        case 0:
            return "No photo of these days is measured, so there is no picture to compare."
        case 1 if pair[0].role is PhotoRole.BASELINE:
            return "Only the photo from before is measured; no later one can be compared with it."
        case 1:
            return "Only one photo is measured; there is none to compare it with."
        case _:
            return ""


def _photo(photo: Photo, found: Material, course: CourseSoFar) -> Figure:
    is_before = photo.role is PhotoRole.BASELINE
    day = day_words(day_number(course.treatment, photo.taken_at, course.patient.zone))
    title = f"{'Before' if is_before else day} · {dated(photo.taken_at, course.patient.zone)}"
    reading = next((r for r in course.readings if r.photo_id == photo.id), None)
    light = LIGHT_WORDS[reading.reference] if reading and not is_before else "As taken"
    state = "" if photo.skin_state is SkinState.CLEAN else f". {SKIN_STATES[photo.skin_state]}"
    alt = f"The face {'before treatment' if is_before else f'on {day.lower()}'}, from the front"
    return _figure(photo, Picture.ALIGNED, title, f"{light}{state}.", alt, found)


def _heat(photo: Photo, picture: Picture, found: Material, course: CourseSoFar) -> Figure:
    day = day_words(day_number(course.treatment, photo.taken_at, course.patient.zone))
    title = f"{str(picture).capitalize()}, {day.lower()}"
    alt = f"Heat map of {picture} on {day.lower()}, against the photo from before"
    return _figure(photo, picture, title, "", alt, found)


def _figure(
    photo: Photo, picture: Picture, title: str, light: str, alt: str, found: Material
) -> Figure:
    if (photo.id, picture) in found.files:
        return Figure(title, light, alt, file_name(photo.id, picture))
    gap = "This picture cannot be read: its file is missing or damaged."
    return Figure(title, light, alt, "", gap)


def file_name(photo_id: str, picture: Picture) -> str:
    """Where the template finds the picture."""
    return f"{photo_id}-{picture}.svg"


def _regions(drawn: Recovery) -> tuple[RegionLine, ...]:
    """The newest values of each treated region that any photo shows."""
    lines = []
    for red, pigment in zip(drawn.redness, drawn.pigment, strict=True):
        if red.rows.rows and pigment.rows.rows:
            now, other = red.rows.rows[0], pigment.rows.rows[0]
            lines.append(
                RegionLine(
                    region=red.region.words.capitalize(),
                    day=str(now.day),
                    redness=f"{now.value} ({now.reach})",
                    expected=now.normal or "not known",
                    pigment=f"{other.value} ({other.reach})",
                )
            )
    return tuple(lines)
