"""A Procedure of FHIR R4 or R5 as a treatment: codes of others are translated or refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tracker.domain.course.procedures import Procedure, Product, ProductUse
from tracker.domain.course.treatments import AREAS, Region, Setting, Treatment, check_planned
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.record.codes import OWN, SITES, Coded, name_of
from tracker.domain.record.fhir_bundles import Part, referred, refuse_modifiers

STATUSES: Mapping[str, bool] = {"completed": False, "preparation": True}
"""The statuses of a Procedure that are read, and whether it is only planned."""
NOT_DONE = frozenset({"not-done", "entered-in-error"})
OF_PROCEDURE = frozenset(
    {"status", "code", "subject", "performedDateTime", "occurrenceDateTime", "performedPeriod"}
    | {"occurrencePeriod", "performer", "bodySite", "used", "usedReference", "usedCode"}
    | {"identifier"}
)


@dataclass(frozen=True, slots=True)
class Expects:
    """What the clinic knows: its protocols, the zone of a patient who has none, and the time.

    `kinds` translate codes of others to kinds of treatment.
    """

    protocols: Protocols
    time_zone: str
    now: datetime
    kinds: Mapping[Coded, str] = field(default_factory=dict)


def treatment_of(part: Part, by_name: Mapping[str, Part], expects: Expects) -> Treatment | None:
    """The treatment, or None when it was not done or cannot be read."""
    refuse_modifiers(part)
    part.list_others(OF_PROCEDURE)
    status = part.text("status")
    if status in NOT_DONE:
        part.found.ignored[f"Procedure that is {status}"] += 1
        return None
    if status not in STATUSES:
        part.refuse("status", f"is {status[:40]!r}; {' and '.join(STATUSES)} are read")
        return None
    kind, at, areas = _kind(part, expects), _performed_at(part), _areas(part)
    done = part.made("used", lambda: _procedure(part, by_name))
    if kind is None or at is None or areas is None or done is None:
        return None
    depth, variant, setting = (part.own(name) for name in ("needle-depth", "variant", "setting"))
    length = depth.parts("valueQuantity") if depth else []

    def made() -> Treatment:
        treatment = Treatment(
            id="",
            patient_id="",
            kind=kind,
            performed_at=at,
            setting=Setting(setting.text("valueCode")) if setting else Setting.CLINIC,
            needle_depth_mm=_millimetres(length[0]) if length else None,
            areas=areas,
            variant=name_of(variant.text("valueCode")) if variant else None,
            procedure=done,
        )
        check_planned(treatment, expects.now, planned=STATUSES[status])
        expects.protocols.for_treatment(treatment)
        return treatment

    return part.made("code", made)


def _kind(part: Part, expects: Expects) -> str | None:
    codes = [coded for each in part.parts("code") for coded in each.codings()]
    known = [name_of(code) for system, code in codes if system == OWN]
    known += [expects.kinds[coded] for coded in codes if coded in expects.kinds]
    if len(set(known)) == 1:
        return known[0]
    told = ", ".join(f"{system}|{code}" for system, code in codes)[:300] or "none"
    kinds = ", ".join(sorted(expects.protocols.by_kind))
    part.refuse(
        "code", f"says {told}; translate it with --kind 'SYSTEM|CODE=KIND' to one of {kinds}"
    )
    return None


def _performed_at(part: Part) -> datetime | None:
    periods = [*part.parts("performedPeriod"), *part.parts("occurrencePeriod")]
    text = part.text("performedDateTime") or part.text("occurrenceDateTime")
    text = text or next((each.text("start") for each in periods), "")
    try:
        at: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or "T" not in text or at.tzinfo is None:
        words = f"is {text[:40]!r}; give the time with its offset: 2026-03-02T10:00:00+01:00"
        part.refuse("occurrenceDateTime", words)
        return None
    return at.astimezone(UTC)


def _areas(part: Part) -> frozenset[Region] | None:
    """The areas that were treated; all of the face where none is named."""
    areas: set[Region] = set()
    for each in part.parts("bodySite"):
        codes = each.codings()
        ours = {Region(name_of(code)) for system, code in codes if system == OWN and _is_area(code)}
        theirs = {region for region, coded in SITES.items() if coded in codes}
        if not ours and len(theirs) != 1:
            told = ", ".join(f"{system}|{code}" for system, code in codes)[:300] or "no code"
            areas_known = ", ".join(area.replace("_", "-") for area in AREAS)
            each.refuse("coding", f"says {told}; add a code of {OWN}: {areas_known}")
            return None
        for region in ours or theirs:
            areas |= set(AREAS) if region is Region.FACE else {region}
    if not areas:
        part.found.ignored["Procedure without bodySite, read as the whole face"] += 1
    return frozenset(areas or AREAS)


def _is_area(code: str) -> bool:
    return name_of(code) in set(Region)


def _millimetres(length: Part) -> float | None:
    if length.text("code") != "mm" and length.text("unit") != "mm":
        raise ValueError("needle-depth must be in mm")
    return length.number("value")


def _procedure(part: Part, by_name: Mapping[str, Part]) -> Procedure:
    used = part.parts("used")
    devices = [*part.parts("usedReference"), *(r for each in used for r in each.parts("reference"))]
    known = [device for each in devices if (device := referred(each, by_name)) is not None]
    if len(known) < len(devices) or len(known) > 1:
        raise ValueError("must refer to one Device of the same bundle; leave other devices out")
    for device in known:
        refuse_modifiers(device)
    named_so = [
        each.text("value") or each.text("name")
        for device in known
        for each in [*device.parts("name"), *device.parts("deviceName")]
    ]
    told = [each for each in used if "concept" in each.value]
    passes = part.own("passes")
    return Procedure(
        device=next(iter(named_so), ""),
        maker=next((device.text("manufacturer") for device in known), ""),
        passes=_whole(passes) if passes else None,
        products=tuple(
            [_product(each, concept) for each in told for concept in each.parts("concept")]
            + [_product(each, each) for each in part.parts("usedCode")]
        ),
        performed_by=", ".join(
            actor.text("display")
            for each in part.parts("performer")
            for actor in each.parts("actor")
            if actor.text("display")
        ),
    )


def _whole(passes: Part) -> int:
    count = passes.number("valuePositiveInt")
    if not isinstance(count, int):
        raise ValueError("passes must be a whole number")  # noqa: TRY004 (bad input)
    return count


def _product(told: Part, concept: Part) -> Product:
    use, batch = told.own("product-use"), told.own("batch")
    return Product(
        concept.text("text"),
        ProductUse(use.text("valueCode")) if use else ProductUse.DURING,
        batch.text("valueString") if batch else "",
    )
