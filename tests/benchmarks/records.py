"""How long a whole record of many photos takes to leave one clinic and come into another.

`python -m tests.benchmarks.records --photos 10000` makes both clinics, and prints seconds and the
peak of the memory of this process.
"""

import argparse
import resource
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast, cast_of, settings_for
from tests.tracker.courses_of_readings import reading
from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.own_data.record_export import export_record
from tracker.actions.own_data.record_import import import_record
from tracker.actions.people.accounts import add_person
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.course.treatments import AREAS
from tracker.domain.people.people import Person, Role
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings
from tracker.wires.archives import zipped
from tracker.wires.photo_files import Picture
from tracker.world import Database, World, open_world

NOW = TREATED_AT + timedelta(days=100)


def main() -> None:
    """Fill a clinic, write the record, take it in elsewhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.records")
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--kib", type=int, default=16, help="of each photo")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "record.zip"
        _leave(open_world(settings_for(Path(folder) / "home")), file, options.photos, options.kib)
        _come(open_world(settings_for(Path(folder) / "elsewhere")), file)


def _leave(world: World, file: Path, count: int, kib: int) -> None:
    with closing(world.connect()) as db:
        cast = cast_of(db)
        _fill(world, db, cast, count, bytes(range(256)) * 4 * kib)
        _say("before", time.monotonic())
        begun = time.monotonic()
        entries = export_record(
            db,
            world.files,
            cast.alice,
            PROTOCOLS,
            lambda: export_own_data(db, world.files, cast.alice),
            None,
            NOW,
        )
        with file.open("wb") as into:
            for piece in zipped(entries, NOW):
                into.write(piece)
    _say(f"out, {file.stat().st_size >> 20} MiB", begun)


def _fill(world: World, db: Database, cast: Cast, count: int, jpeg: bytes) -> None:
    """Photos with readings, ten minutes apart; the first is the one to compare with."""
    treatment, ids = cast.treatment, [new_id() for _ in range(count)]
    basis = Basis(ids[0], frozenset(AREAS), None)
    with writing(db):
        for number, photo_id in enumerate(ids):
            at = TREATED_AT + timedelta(minutes=10 * number)
            photo = Photo(
                id=photo_id,
                treatment_id=treatment.id,
                patient_id=treatment.patient_id,
                role=PhotoRole.FOLLOW_UP if number else PhotoRole.BASELINE,
                status=PhotoStatus.WAITING,
                taken_at=at,
                received_at=at,
                skin_state=SkinState.CLEAN,
            )
            photos.insert(db, photo, digest=new_id())
            read = replace(reading(1.0), photo_id=photo_id, taken_at=at)
            readings.insert(db, read, basis)
    for photo_id in ids:
        world.files.save(photo_id, Picture.PHOTO, jpeg)
        world.files.save(photo_id, Picture.THUMBNAIL, jpeg[:4096])


def _come(world: World, file: Path) -> None:
    with closing(world.connect()) as db:
        wanda = Person("", Role.PRACTITIONER, "Dr Wanda", "wanda@other.example", "UTC")
        carer = add_person(db, wanda, PASSPHRASE)
        begun = time.monotonic()
        done = import_record(db, world.files, PROTOCOLS, file, carer, None, NOW)
    _say(f"in, {done.lines['photos']} photos and {done.pictures} pictures", begun)


def _say(what: str, begun: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    click.echo(f"{what}: {time.monotonic() - begun:.0f} s, peak {peak} MiB")


if __name__ == "__main__":
    main()
