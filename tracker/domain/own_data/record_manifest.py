"""What a record says about itself, who is named in it, and what its arrival does to open alerts.

A change that an older reader would take wrongly gets a new `VERSION`.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NoReturn

from tracker.domain.alerts.alert_life import Moved, Step, Transition
from tracker.domain.alerts.alerts import Alert, asking_again
from tracker.domain.own_data.record_form import FOLDER, KINDS
from tracker.domain.people.people import Role

FORMAT: Final = "afterglow patient record"
VERSION: Final = 1
MANIFEST: Final = f"{FOLDER}/manifest.json"
PEOPLE_FILE: Final = f"{FOLDER}/people.ndjson"
MOST_TEXT: Final = 200_000  # characters of one value; the longest text that a page takes is shorter
LONGEST_NAME: Final = 200
EXPORT_AGAIN: Final = "ask the clinic that sent it to export the record again"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Json = Any
Line = Mapping[str, Json]
Pictures = Mapping[str, Mapping[str, Mapping[str, str]]]
"""The paths of pictures: by kind of row, id of the row and name of the picture."""


class RecordError(ValueError):
    """A record cannot be taken in or given away; the message names the thing and the remedy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the record says about itself.

    `clinic` and `exported_at` say where it comes from; `origins` are the ids that the patient had
    there and at the clinics before, its own first. `lines` counts the lines of each kind.
    `protocols` are the paths of editions by digest; `lost` are the ids, by kind, of photos whose
    file could not be read. `sha256` has the digest of every other file of the ZIP.
    """

    software: str
    exported_at: datetime
    clinic: str
    origins: tuple[str, ...]
    lines: Mapping[str, int]
    protocols: Mapping[str, str]
    pictures: Pictures
    lost: Mapping[str, Collection[str]]
    sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Someone who did something about the patient at another clinic; never an account here."""

    id: str
    name: str
    clinic: str
    role: Role

    @property
    def shown_as(self) -> str:
        """The name with the clinic, as pages show it."""
        return f"{self.name} ({self.clinic or 'another clinic'})"


def manifest_text(manifest: Manifest) -> str:
    """The manifest as JSON, from which `read_manifest` makes it again."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "software": manifest.software,
        "exported_at": manifest.exported_at.isoformat(),
        "clinic": manifest.clinic,
        "origins": manifest.origins,
        "lines": manifest.lines,
        "protocols": manifest.protocols,
        "pictures": manifest.pictures,
        "lost": {kind: list(ids) for kind, ids in manifest.lost.items()},
        "sha256": manifest.sha256,
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def read_manifest(text: bytes) -> Manifest:
    """The manifest of a record. Raises RecordError, also for a record of a later version."""
    told = read_json(text, MANIFEST)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise RecordError(
            f"{MANIFEST}: it is no {FORMAT}; export one with afterglow export-patient"
        )
    if told.get("version") != VERSION:
        raise RecordError(
            f"{MANIFEST}: the record has version {told.get('version')!r}, and this Afterglow reads"
            f" {VERSION}; bring this Afterglow up to date"
        )
    try:
        return _manifest(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"{MANIFEST}: {error} is wrong or missing; {EXPORT_AGAIN}") from error


def _manifest(told: Mapping[str, Json]) -> Manifest:
    """Raises KeyError, TypeError, ValueError, AttributeError."""
    exported_at = datetime.fromisoformat(told["exported_at"])
    if exported_at.tzinfo is None:
        raise ValueError("exported_at")
    return Manifest(
        software=_short(told["software"]),
        exported_at=exported_at,
        clinic=_short(told["clinic"]),
        origins=_origins(told["origins"]),
        lines={kind.name: _count(told["lines"][kind.name]) for kind in KINDS},
        protocols={checked_id(name): str(path) for name, path in told["protocols"].items()},
        pictures={
            kind: {
                checked_id(owner): {name: str(path) for name, path in paths.items()}
                for owner, paths in by_id.items()
            }
            for kind, by_id in told["pictures"].items()
        },
        lost={kind: [checked_id(each) for each in ids] for kind, ids in told["lost"].items()},
        sha256={path: _digest(digest) for path, digest in told["sha256"].items()},
    )


def _origins(ids: Json) -> tuple[str, ...]:
    if not ids:
        raise ValueError("origins")
    return tuple(checked_id(each) for each in ids)


def _short(text: str) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_NAME or not text.isprintable():
        raise ValueError(repr(text))
    return text


def _count(number: int) -> int:
    if not isinstance(number, int):
        raise TypeError(number)
    return number


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise ValueError(text)
    return text


def read_json(text: bytes, where: str) -> Json:
    """A value from a file of a stranger. Raises RecordError that names the place."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where}: it is no JSON; {EXPORT_AGAIN}") from error


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def read_person(line: Json, where: str) -> Elsewhere:
    """A line about someone of another clinic. Raises RecordError that names the place."""
    try:
        person = Elsewhere(
            checked_id(line["id"]),
            _short(line["name"]),
            _short(line["clinic"]),
            Role(line["role"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"{where}: {error} is wrong or missing; {EXPORT_AGAIN}") from error
    if person.role is Role.PATIENT or not person.name.strip():
        raise RecordError(f"{where}: it must name someone of a clinic; {EXPORT_AGAIN}")
    return person


def checked_id(value: str) -> str:
    """Return the id of a row if it can be one; ValueError if not."""
    if not _ID.fullmatch(value):
        raise ValueError(value)
    return value


def arrived(alert: Alert, clinic: str, now: datetime) -> Moved:
    """An open alert after it came with a record: it asks the people of this clinic.

    It waits since `raised_at` as before, and is passed on no later than it would have been. Who had
    answered it, or put it off, cares for the patient no longer: then the time begins now.
    """
    again = asking_again(alert, alert.raised_at)
    after = replace(again, escalated_at=alert.escalated_at if alert.needs_answer else now)
    why = f"from {clinic or 'another clinic'}"
    told = Transition(
        alert.id, Step.ARRIVED, now, None, why, alert.level, alert.engine, alert.protocol
    )
    return Moved(after, told)
