"""A course as FHIR R5: what was done, with what, photos and readings.

`releases` turns all of it into R4.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime

from tracker.domain.course.annotations import Annotation
from tracker.domain.course.outlines import outlines_text
from tracker.domain.course.photos import Photo
from tracker.domain.course.readings import Estimate, Quantity, Reading, RegionReading
from tracker.domain.course.treatments import AREAS, Region, Treatment, days_since
from tracker.domain.people.people import Person
from tracker.domain.record.codes import (
    DICOM,
    TERMINOLOGY,
    TREATMENT_ID,
    UCUM,
    Resource,
    code_of,
    concept,
    extension,
    filled,
    link,
    moment,
    public,
    resource,
    site,
)
from tracker.domain.record.fhir_people import Export, software, software_id, who
from tracker.domain.record.record import CourseRecord, PatientRecord
from tracker.domain.recovery.bands import BandPoint, band_until, normal_at

WITHIN_95 = 1.96  # standard deviations either way that hold 95 in 100
ISO21090 = "http://hl7.org/fhir/StructureDefinition/iso21090-uncertainty"
CATEGORY = f"{TERMINOLOGY}/observation-category"
INTERPRETATION = f"{TERMINOLOGY}/v3-ObservationInterpretation"


def course_resources(
    record: PatientRecord, course: CourseRecord, export: Export
) -> Iterator[Resource]:
    """What was done, with what, the photos, what was drawn on them and what they show."""
    patient = record.patient
    yield from _procedure(patient, course.treatment, export)
    for photo in course.photos:
        yield _photo(patient, photo, export)
        yield from _outlines(patient, course, photo)
    for drawn in course.annotations:
        if not drawn.latest.is_withdrawn:
            yield _annotation(record, drawn)
    band = _band(course, export)
    for method in sorted({reading.method for reading in course.readings}):
        yield software("analysis", method)
    for reading in course.readings:
        yield from _observations(patient, course.treatment, reading, band)


def _procedure(patient: Person, treatment: Treatment, export: Export) -> Iterator[Resource]:
    done, zone = treatment.procedure, patient.zone
    protocol = export.protocols.get(treatment.kind)
    title = protocol.title if protocol else ""
    used: list[Resource] = []
    if done.device or done.maker:
        device_id = f"device-{treatment.id}"
        named = [{"value": done.device, "type": "user-friendly-name"}] if done.device else []
        yield resource("Device", device_id, name=named, manufacturer=done.maker)
        used.append({"reference": link("Device", device_id)})
    for product in done.products:
        about = [extension("product-use", valueCode=product.use)]
        if product.batch:
            about.append(extension("batch", valueString=product.batch))
        used.append({"extension": about, "concept": {"text": product.name}})
    yield resource(
        "Procedure",
        treatment.id,
        extension=_how(treatment),
        identifier=[{"system": TREATMENT_ID, "value": treatment.id}],
        status=_status(treatment, export.now),
        code=concept(treatment.kind, title),
        subject=link("Patient", patient.id),
        occurrenceDateTime=moment(treatment.performed_at, zone),
        performer=[{"actor": {"display": done.performed_by}}] if done.performed_by else [],
        bodySite=[site(area) for area in AREAS if area in treatment.areas],
        used=used,
        note=[{"text": treatment.ending.why, "time": moment(treatment.ending.at, zone)}]
        if treatment.ending
        else [],
    )


def _how(treatment: Treatment) -> list[Resource]:
    said = [extension("setting", valueCode=treatment.setting)]
    if treatment.needle_depth_mm is not None:
        depth = quantity(treatment.needle_depth_mm, "mm", "mm")
        said.append(extension("needle-depth", valueQuantity=depth))
    if treatment.variant is not None:
        said.append(extension("variant", valueCode=code_of(treatment.variant)))
    if treatment.procedure.passes is not None:
        said.append(extension("passes", valuePositiveInt=treatment.procedure.passes))
    return said


def _status(treatment: Treatment, now: datetime) -> str:
    if treatment.is_withdrawn:
        return "entered-in-error"
    return "completed" if treatment.performed_at <= now else "preparation"


def quantity(value: float, unit: str, code: str) -> Resource:
    """A value with its unit in words and in UCUM; the digits that a reading can carry."""
    return {"value": round(value, 6), "unit": unit, "system": UCUM, "code": code}


def _photo(patient: Person, photo: Photo, export: Export) -> Resource:
    told = [
        extension("photo-role", valueCode=code_of(photo.role)),
        extension("photo-view", valueCode=photo.view),
        extension("photo-status", valueCode=photo.status),
        extension("skin-state", valueCode=code_of(photo.skin_state)),
        extension("sides", valueCode=photo.sides),
    ]
    told += [extension("photo-fault", valueCode=code_of(fault)) for fault in photo.faults]
    taken = moment(photo.taken_at, patient.zone)
    picture = {"contentType": "image/jpeg", "creation": taken, **export.attachment(photo)}
    return resource(
        "DocumentReference",
        photo.id,
        extension=told,
        status="current",
        type=concept("photo", "photo of the skin"),
        subject=link("Patient", patient.id),
        event=[{"reference": link("Procedure", photo.treatment_id)}],
        bodySite=[{"concept": site(Region.FACE)}],
        modality=[public("photograph", (DICOM, "XC"))],
        date=moment(photo.received_at, patient.zone),
        content=[{"attachment": picture}],
    )


def report_resource(patient: Person, treatment: Treatment, pages: bytes, now: datetime) -> Resource:
    """The report of a course as PDF, in words that a doctor elsewhere reads."""
    attachment = {
        "contentType": "application/pdf",
        "data": b64encode(pages).decode(),
        "title": "Recovery after treatment",
        "creation": moment(now, patient.zone),
    }
    return resource(
        "DocumentReference",
        f"report-{treatment.id}",
        status="current",
        type=concept("report", "report of a course"),
        subject=link("Patient", patient.id),
        date=moment(now, patient.zone),
        content=[{"attachment": attachment}],
    )


def _outlines(patient: Person, course: CourseRecord, photo: Photo) -> Iterator[Resource]:
    """The version of the outlines that counts, as the corners in percent of the file."""
    for marking in course.markings.get(photo.id, ())[-1:]:
        kinds = (("treated", marking.outlines.treated), ("untreated", marking.outlines.untreated))
        for kind, drawn in kinds:
            if drawn:
                yield resource(
                    "Observation",
                    f"{kind}-{photo.id}",
                    status="final",
                    code=concept(f"{kind}_outline", f"outline of {kind} skin"),
                    subject=link("Patient", patient.id),
                    effectiveDateTime=moment(photo.taken_at, patient.zone),
                    issued=moment(marking.at, patient.zone),
                    performer=[{"display": marking.by}],
                    valueString=outlines_text(drawn),
                    derivedFrom=[link("DocumentReference", photo.id)],
                )


def _annotation(record: PatientRecord, drawn: Annotation) -> Resource:
    latest = drawn.latest
    places = "; ".join(f"{100 * x:.4g} {100 * y:.4g}" for x, y in latest.drawing.places)
    return resource(
        "Observation",
        f"annotation-{drawn.id}",
        status="final",
        code=concept(f"annotation_{latest.drawing.shape}", f"{latest.drawing.shape} with a note"),
        subject=link("Patient", record.patient.id),
        issued=moment(latest.at, record.patient.zone),
        performer=[who(record, latest.author_id)],
        valueString=latest.drawing.note,
        derivedFrom=[link("DocumentReference", drawn.photo_id)],
        component=[{"code": concept("places", "places in percent"), "valueString": places}],
    )


def _band(course: CourseRecord, export: Export) -> tuple[BandPoint, ...]:
    """What is normal after this treatment; nothing after one whose protocol is no longer used."""
    protocol = export.protocols.get(course.treatment.kind)
    if protocol is None or not course.readings:
        return ()
    until = days_since(course.treatment, course.readings[-1].taken_at)
    return band_until(course.treatment, protocol, until)


def _observations(
    patient: Person, treatment: Treatment, reading: Reading, band: tuple[BandPoint, ...]
) -> Iterator[Resource]:
    normal = normal_at(band, days_since(treatment, reading.taken_at))
    base = {
        "status": "final",
        "category": [public("imaging", (CATEGORY, "imaging"))],
        "subject": link("Patient", patient.id),
        "effectiveDateTime": moment(reading.taken_at, patient.zone),
        "method": concept(f"reference_{reading.reference}"),
        "device": link("Device", software_id("analysis", reading.method)),
        "partOf": [link("Procedure", treatment.id)],
        "derivedFrom": [link("DocumentReference", reading.photo_id)],
    }
    for region, seen in reading.regions.items():
        where = f"{reading.photo_id}-{code_of(region)}"
        for name, parts in _quantities(seen, _expected(treatment, region, normal)).items():
            yield resource("Observation", f"{where}-{name}", bodySite=site(region), **base, **parts)
    if reading.asymmetry is not None:
        id_ = f"{reading.photo_id}-left-minus-right"
        code = concept("left_minus_right", "redness of the left cheek minus that of the right")
        yield resource("Observation", id_, code=code, **base, **_measured(reading.asymmetry))


def _expected(treatment: Treatment, region: Region, normal: BandPoint | None) -> BandPoint | None:
    """What is normal there; skin that was not treated has no such range."""
    return normal if region is Region.FACE or region in treatment.areas else None


def _quantities(seen: RegionReading, normal: BandPoint | None) -> Mapping[Quantity, Resource]:
    focal = seen.focal
    red: dict[str, float | None] = {
        "share_seen": seen.share,
        "erythema_index": seen.erythema_index,
        "share_affected": focal.affected if focal else None,
        "redder_spots": focal.redder.count if focal else None,
        "share_redder_spots": focal.redder.share if focal else None,
    }
    brown: dict[str, float | None] = {
        "lab_l": seen.lab[0],
        "lab_a": seen.lab[1],
        "lab_b": seen.lab[2],
        "ita": seen.ita,
        "melanin_index": seen.melanin_index,
        "darker_spots": focal.darker.count if focal else None,
        "share_darker_spots": focal.darker.share if focal else None,
    }
    redness, pigment = _measured(seen.redness, red), _measured(seen.pigment, brown)
    return {
        Quantity.REDNESS: {"code": concept("redness"), **redness, **_against(seen.redness, normal)},
        Quantity.PIGMENT: {"code": concept("pigment"), **pigment},
    }


def _measured(estimate: Estimate, others: Mapping[str, float | None] | None = None) -> Resource:
    """The value with its standard deviation, the range that holds it 95 times in 100, and more."""
    reach = WITHIN_95 * estimate.sd
    low, high = (_doublings(estimate.value + way * reach) for way in (-1, 1))
    spread = [
        {"url": ISO21090, "valueDecimal": round(estimate.sd, 6)},
        {"url": f"{ISO21090}Type", "valueCode": "N"},
    ]
    interval = {"code": concept("interval_95"), "valueRange": {"low": low, "high": high}}
    return {
        "valueQuantity": {"extension": spread, **_doublings(estimate.value)},
        "component": [
            interval,
            *(
                {"code": concept(name), "valueQuantity": quantity(value, *_UNITS.get(name, ONE))}
                for name, value in (others or {}).items()
                if value is not None
            ),
        ],
    }


ONE = ("1", "1")
_UNITS: Mapping[str, tuple[str, str]] = {"ita": ("degrees", "deg")}


def _doublings(value: float) -> Resource:
    return quantity(value, "doublings", "{doublings}")


def _against(redness: Estimate, normal: BandPoint | None) -> Resource:
    """Where the value is relative to what is normal on that day. It does not say that all is well.

    Below the range is calmer than most people are.
    """
    if normal is None:
        return {}
    code, words = "N", "within what is usual on that day"
    if redness.value > normal.high:
        code, words = "H", "redder than is usual on that day"
    elif redness.value < normal.low:
        code, words = "L", "calmer than is usual on that day"
    usual = filled(low=_doublings(normal.low), high=_doublings(normal.high), text="usual that day")
    return {"interpretation": [public(words, (INTERPRETATION, code))], "referenceRange": [usual]}
