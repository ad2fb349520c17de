"""The cost of a draft of a protocol: counting it over many courses, and for other pages meanwhile.

`python -m tests.benchmarks.preview 500` makes that many courses of two weeks, with a photo and
answers a day, in a temporary clinic, and lets the worker's action count a draft.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.tracker.courses_of_readings import TREATED_AT, fading, reading, treatment
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.actions.protocols.editing import (
    InForce,
    draft_protocol,
    put_into_force,
    show_draft,
    sign_draft,
)
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.course.check_ins import Answers, CheckIn
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.editing.protocol_drafts import Signature
from tracker.domain.people.people import Person, Role
from tracker.settings import Settings
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, photos, readings
from tracker.storage.people import people
from tracker.wires.processes import LocalProcesses
from tracker.world import open_world

DAYS = 14
ROUNDS = 50
SHIPPED = PROTOCOLS.of("microneedling")
KEEN = SHIPPED.text.replace("review = 0.05, urgent = 0.6", "review = 0.04, urgent = 0.6", 1)


def main(count: int) -> None:
    """Print how long counting and the pages take."""
    with TemporaryDirectory() as folder:
        settings = Settings(
            data=Path(folder),
            secret=b"0" * 32,
            host="127.0.0.1",
            port=8000,
            base_url="http://127.0.0.1:8000",
            smtp_url=None,
            mail_from="Afterglow <afterglow@clinic.example>",
        )
        world = open_world(settings)
        db = world.connect()
        dana = Person("", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
        dana = add_person(db, dana, PASSPHRASE)
        for number in range(count):
            _course(db, number)
        now = TREATED_AT + timedelta(days=DAYS)
        draft = draft_protocol(db, PROTOCOLS, "microneedling", KEEN, dana, now)
        with LocalProcesses(workers=os.cpu_count() or 1) as compute:
            begun, rounds = perf_counter(), []
            while (at := perf_counter()) and preview_drafts(db, compute):
                rounds.append(perf_counter() - at)
        _tell(
            f"{count} courses counted in {perf_counter() - begun:.0f} s on {os.cpu_count()} cores;"
        )
        _tell(f"a round of the worker: {median(rounds):.1f} s, the longest {max(rounds):.1f} s")
        page = _milliseconds(lambda: show_draft(db, PROTOCOLS, draft.id, now))
        _tell(f"the draft's page, read: {page}")
        _tell(f"renewing a world, nothing enacted: {_milliseconds(lambda: world.renewed(db))}")
        assert isinstance(sign_draft(db, PROTOCOLS, draft, dana, now), Signature)
        assert isinstance(put_into_force(db, PROTOCOLS, draft, dana, "why", now), InForce)
        _tell(f"renewing a world, one edition enacted: {_milliseconds(lambda: world.renewed(db))}")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")


def _course(db: Database, number: int) -> None:
    person = Person("", Role.PATIENT, f"Patient {number}", f"p{number}@home.example", "Etc/UTC")
    kept = replace(person, id=new_id())
    with writing(db):
        people.insert(db, kept)
    done = begin_treatment(db, PROTOCOLS, replace(treatment(), id="", patient_id=kept.id))
    with writing(db):
        for day in range(DAYS):
            at = TREATED_AT + timedelta(days=day + 0.05)
            seen = PhotoRole.FOLLOW_UP, PhotoStatus.MEASURED
            photo = Photo(new_id(), done.id, kept.id, *seen, at, at, SkinState.CLEAN)
            photos.insert(db, photo, digest=new_id())
            measured = reading(day + 0.05, fading, seed=number)
            basis = Basis(photo.id, done.areas, None)
            readings.insert(db, replace(measured, photo_id=photo.id), basis)
            told = CheckIn(new_id(), done.id, kept.id, at, Answers(pain=1), received_at=at)
            check_ins.insert(db, told)


def _milliseconds(what: Callable[[], object]) -> str:
    spent = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        what()
        spent.append(1000 * (perf_counter() - begun))
    return f"{median(spent):.2f} ms (median of {ROUNDS})"


if __name__ == "__main__":
    main(int(sys.argv[1]))
