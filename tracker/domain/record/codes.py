"""The codes of an exchange, and how values are written in FHIR.

What no public code system names has a code of our own; `definitions/` holds that code system. Own
codes are the names that this program uses, with hyphens. SNOMED CT codes carry no display: its
names are licensed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.treatments import Region

Resource = dict[str, Any]
"""A resource, or a part of one, as its JSON is read and written."""

BASE: Final = "https://afterglow.invalid/fhir"
"""Where the names of our own definitions begin: a name that no one can own, and no address."""
OWN: Final = f"{BASE}/CodeSystem/afterglow"
SNOMED: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
UCUM: Final = "http://unitsofmeasure.org"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
RECORD_NUMBER: Final = f"{BASE}/NamingSystem/record-number"
PATIENT_ID: Final = f"{BASE}/NamingSystem/patient"
TREATMENT_ID: Final = f"{BASE}/NamingSystem/treatment"

Coded = tuple[str, str]
"""A code system and a code in it."""

SITES: Final[Mapping[Region, Coded]] = {
    Region.FACE: (SNOMED, "73897004"),
    Region.FOREHEAD: (SNOMED, "68698007"),
    Region.LEFT_CHEEK: (SNOMED, "36141000"),
    Region.RIGHT_CHEEK: (SNOMED, "36141000"),
    Region.NOSE: (SNOMED, "113179006"),
    Region.CHIN: (SNOMED, "23747009"),
}
SKIN_TYPES: Final[Mapping[int, Coded]] = {
    number: (SNOMED, code)
    for number, code in enumerate(
        ("403221005", "403222003", "403226000", "403231003", "403235007", "403236008"), 1
    )
}
PUBLIC_SIGNS: Final[Mapping[str, Coded]] = {
    "pain": (LOINC, "72514-3"),
    "itch": (SNOMED, "418363000"),
    "swelling": (SNOMED, "95322002"),
    "warmth": (SNOMED, "17038008"),
    "blisters": (SNOMED, "417237009"),
}
CONCERNS: Final[Mapping[Concern, Coded]] = {
    Concern.PROLONGED_INFLAMMATION: (SNOMED, "420356000"),
    Concern.HYPERPIGMENTATION: (ICD10CM, "L81.0"),
}


def concept(name: str, words: str = "", *others: Coded, text: str = "") -> Resource:
    """A concept with our own code, called `words`, then public ones; `text` is always filled."""
    words = words or name.replace("_", " ")
    own = {"system": OWN, "code": code_of(name), "display": words}
    return {"coding": [own, *(_coding(other) for other in others)], "text": text or words}


def public(words: str, *codes: Coded) -> Resource:
    """A concept of public code systems alone."""
    return {"coding": [_coding(each) for each in codes], "text": words}


def site(region: Region) -> Resource:
    """A region of the face as a body site."""
    return concept(region, region.words, SITES[region])


def code_of(name: str) -> str:
    """A name of this program as a code, and as a part of an id."""
    return name.replace("_", "-")


def name_of(code: str) -> str:
    """The name that `code_of` wrote."""
    return code.replace("-", "_")


def resource(kind: str, id_: str, **parts: object) -> Resource:
    """A resource of this kind without the parts that are empty; 0 and false are not."""
    return {"resourceType": kind, "id": id_, **filled(**parts)}


def filled(**parts: object) -> Resource:
    """The parts that hold something: FHIR allows neither null nor an empty list."""
    return {name: part for name, part in parts.items() if part not in (None, "", [], {}, ())}


def extension(name: str, **value: object) -> Resource:
    """An extension of our own, such as `extension("passes", valueInteger=3)`."""
    return {"url": f"{BASE}/StructureDefinition/{name}", **value}


def link(kind: str, id_: str) -> Resource:
    """A reference to another resource of the same export."""
    return {"reference": f"{kind}/{id_}"}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time with its offset in a zone, as FHIR writes an instant."""
    return at.astimezone(zone).isoformat()


def _coding(coded: Coded) -> Resource:
    system, code = coded
    return {"system": system, "code": code}
