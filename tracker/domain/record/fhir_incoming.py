"""Patients and treatments of a FHIR bundle of R4 or R5, whichever program wrote it.

What has no place here is listed and never left out in silence. What would change the meaning of the
rest is refused. Every trouble names its path and a remedy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import (
    Person,
    Risk,
    Role,
    check_birth_date,
    check_email,
    check_name,
    check_record_number,
)
from tracker.domain.people.time_zones import check_time_zone
from tracker.domain.record.codes import (
    OWN,
    RECORD_NUMBER,
    SKIN_TYPES,
    TERMINOLOGY,
    Coded,
)
from tracker.domain.record.fhir_bundles import (
    BundleError,
    Found,
    Part,
    named,
    opened,
    referred,
    refuse_modifiers,
)
from tracker.domain.record.fhir_procedures import Expects, treatment_of
from tracker.domain.texts import compared

OF_PATIENT = frozenset({"name", "telecom", "birthDate", "identifier", "active"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A patient to be invited, and the treatments, the oldest first; all ids are empty.

    `path` is where in the bundle the patient is.
    """

    path: str
    patient: Person
    treatments: tuple[Treatment, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """What a bundle holds for this clinic, and in words how often it holds something else."""

    patients: tuple[Incoming, ...]
    ignored: tuple[str, ...]


def read_bundle(data: bytes, expects: Expects) -> Received:
    """The patients of a bundle with their treatments. Raises BundleError with every trouble."""
    resources = opened(data)
    if not any(each.kind == "Patient" for each in resources):
        raise BundleError("the bundle holds no Patient; put the patient into it")
    found, by_name = resources[0].found, named(resources)
    treated: dict[str, list[Treatment]] = {}
    facts: dict[str, list[Part]] = {}
    for each in resources:
        if each.kind == "Procedure":
            owner, done = _owner(each, by_name), treatment_of(each, by_name, expects)
            treated.setdefault(owner, []).extend([done] if done else [])
        elif _is_fact(each):
            refuse_modifiers(each)
            facts.setdefault(_owner(each, by_name), []).append(each)
        elif each.kind not in {"Patient", "Device"}:
            found.ignored[each.kind[:60] or "a resource without a type"] += 1
    patients = [
        Incoming(
            each.path,
            patient,
            tuple(sorted(treated.get(each.path, ()), key=lambda done: done.performed_at)),
        )
        for each in resources
        if each.kind == "Patient"
        and (patient := _patient(each, facts.get(each.path, []), expects)) is not None
    ]
    _refuse_twins(patients, found)
    found.refuse_all()
    return Received(tuple(patients), found.told_ignored())


def _owner(part: Part, by_name: Mapping[str, Part]) -> str:
    """The path of the patient that a resource is about; empty if there is none in the bundle."""
    for each in part.parts("subject"):
        patient = referred(each, by_name)
        if patient is not None and patient.kind == "Patient":
            return patient.path
    part.refuse("subject", "must refer to a Patient of the same bundle")
    return ""


def _patient(part: Part, facts: list[Part], expects: Expects) -> Person | None:
    refuse_modifiers(part)
    _refuse_unfit(part)
    part.list_others(OF_PATIENT)
    zone = part.own("time-zone")
    place = zone.text("valueCode") if zone else expects.time_zone
    name = part.made("name", lambda: check_name(_name(part)))
    email = part.made("telecom", lambda: check_email(_email(part)))
    number = part.made("identifier", lambda: check_record_number(_record_number(part)))
    zone_name = part.made("extension", lambda: check_time_zone(place))
    born = part.made("birthDate", lambda: _born(part, expects.now.date()))
    if name is None or email is None or number is None or zone_name is None:
        return None
    skin_types, history = _facts(facts)
    return Person(
        id="",
        role=Role.PATIENT,
        name=name,
        email=email,
        time_zone=zone_name,
        skin_type=min(skin_types, default=None),
        history=history,
        birth_date=born,
        record_number=number,
    )


def _refuse_unfit(part: Part) -> None:
    if part.value.get("active") is False:
        part.refuse("active", "this record is no longer in use; leave it out")
    for name in ("deceasedDateTime", "deceasedBoolean"):
        if part.value.get(name):
            part.refuse(name, "the patient has died; leave this patient out")
    if part.value.get("link"):
        part.refuse("link", "names another record of the same person; join them first")


def _name(part: Part) -> str:
    """The usual name; names that are no longer used do not count."""
    ranks = ("usual", "official", "")
    fit = [each for each in part.parts("name") if each.text("use") in ranks]
    for each in sorted(fit, key=lambda each: ranks.index(each.text("use"))):
        given = each.value.get("given", [])
        words = [str(word) for word in given] if isinstance(given, list) else []
        full = each.text("text") or " ".join([*words, each.text("family")]).strip()
        if full:
            return full
    return ""


def _email(part: Part) -> str:
    known = [
        each.text("value")
        for each in part.parts("telecom")
        if each.text("system") == "email" and each.text("use") != "old"
    ]
    if not known:
        raise ValueError("has no e-mail address; add one, because the invitation is sent to it")
    if len(set(known)) > 1:
        raise ValueError("has several e-mail addresses; leave the one to sign in with")
    return known[0]


def _record_number(part: Part) -> str:
    numbers = [each for each in part.parts("identifier") if each.text("use") != "old"]
    ours = [each for each in numbers if each.text("system") == RECORD_NUMBER]
    medical = [
        each
        for each in numbers
        for kind in each.parts("type")
        if (f"{TERMINOLOGY}/v2-0203", "MR") in kind.codings()
    ]
    known = {each.text("value") for each in ours or medical}
    if len(known) > 1:
        raise ValueError("has several medical record numbers; leave the one of this clinic")
    if others := len(numbers) - len(ours or medical):
        part.found.ignored["Patient.identifier that is no record number"] += others
    return next(iter(known), "")


def _born(part: Part, today: date) -> date | None:
    text = part.text("birthDate")
    if not text:
        return None
    try:
        born = date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a whole date such as 1985-04-23; leave it out else") from None
    return check_birth_date(born, today)


def _is_fact(part: Part) -> bool:
    """Whether it is a fact about the person that this program wrote: skin type or history."""
    if part.kind not in {"Observation", "Flag"}:
        return False
    codes = {
        code for each in part.parts("code") for system, code in each.codings() if system == OWN
    }
    return bool(codes & {"skin-type", *_RISKS})


_RISKS: Mapping[str, Risk] = {f"history-{risk.replace('_', '-')}": risk for risk in Risk}
_TYPES: Mapping[Coded, int] = {coded: number for number, coded in SKIN_TYPES.items()}


def _facts(facts: list[Part]) -> tuple[set[int], frozenset[Risk]]:
    skin_types: set[int] = set()
    history: set[Risk] = set()
    for part in facts:
        wanted = "active" if part.kind == "Flag" else "final"
        if part.text("status") != wanted:
            part.refuse("status", f"must be {wanted}; leave it out if it no longer holds")
        codes = {code for each in part.parts("code") for _, code in each.codings()}
        history |= {_RISKS[code] for code in codes & _RISKS.keys()}
        for value in part.parts("valueCodeableConcept"):
            skin_types |= {_TYPES[coded] for coded in value.codings() if coded in _TYPES}
        if "skin-type" in codes and len(skin_types) != 1:
            part.refuse("valueCodeableConcept", "must be one of the six SNOMED CT phototypes")
    return skin_types, frozenset(history)


def _refuse_twins(patients: list[Incoming], found: Found) -> None:
    """Two resources about one person would become two records, or one that mixes two people."""
    for name in ("email", "record_number"):
        first: dict[str, str] = {}
        for each in patients:
            value = compared(getattr(each.patient, name))
            if value and value in first:
                what = name.replace("_", " ")
                found.troubles.append(
                    f"{each.path}: has the {what} of {first[value]}; leave one of the two out"
                )
            first.setdefault(value, each.path)
