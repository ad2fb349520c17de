"""Measure the photos that wait; each is claimed, and its result stored in one transaction."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from analysis.faces import FindFace, find_face
from tracker.compute import Analysed, NotMeasurable, analyse_bytes
from tracker.outlines import Ground
from tracker.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.photos import FAILED, MAX_ATTEMPTS, Photo, PhotoStatus
from tracker.readings import Reading
from tracker.storage import outlines, photos, readings, treatments
from tracker.storage.connection import writing

BATCH = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measured:
    """The photo has a reading."""

    photo: Photo
    reading: Reading


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """The photo was set aside; its faults say why."""

    photo: Photo


@dataclass(frozen=True, slots=True)
class _Claim:
    photo: Photo
    ground: Ground


def measure_photos(
    db: Database,
    files: PhotoFiles,
    compute: Executor,
    now: datetime,
    only_treatment: str | None = None,
    find: FindFace = find_face,
) -> list[Measured | Unmeasured]:
    """Claim up to a batch of waiting photos, measure them on `compute` and store the results.

    A photo whose measuring breaks off is claimed again later; after MAX_ATTEMPTS it is set aside.
    """
    running = {
        _start(files, compute, claim, find): claim for claim in _claims(db, now, only_treatment)
    }
    done: list[Measured | Unmeasured] = []
    interrupted = []
    for future in as_completed(running):
        if isinstance(future.exception(), BrokenProcessPool):
            interrupted.append(running[future])
        else:
            done += _conclude(db, files, running[future], future)
    # One photo may have killed the process under all of them: now each gets it to itself.
    for claim in interrupted:
        done += _conclude(db, files, claim, _start(files, compute, claim, find))
    return done


def _start(
    files: PhotoFiles, compute: Executor, claim: _Claim, find: FindFace
) -> Future[Analysed | NotMeasurable]:
    """Hand a claimed photo to `compute`; what cannot be handed over is answered at once."""
    hopeless: Future[Analysed | NotMeasurable] = Future()
    hopeless.set_result(NotMeasurable(FAILED))
    if claim.photo.attempts > MAX_ATTEMPTS:
        return hopeless
    try:
        photo = files.load(claim.photo.id, Picture.PHOTO)
        baseline = files.load(claim.ground.baseline_id, Picture.PHOTO)
    except PhotoMissing:
        log.exception("photo %s cannot be measured", claim.photo.id)
        return hopeless
    return compute.submit(
        analyse_bytes, photo, baseline, claim.ground.areas, claim.ground.outlines, find
    )


def _conclude(
    db: Database, files: PhotoFiles, claim: _Claim, future: Future[Analysed | NotMeasurable]
) -> list[Measured | Unmeasured]:
    """Store what came of a photo, or hand it back for another try."""
    try:
        return _store(db, files, claim, future.result())
    except Exception as error:  # noqa: BLE001  (one photo must not cost the others their results)
        # Only the kind of error: its words could hold something of the picture.
        log.warning("photo %s: %s, will try again", claim.photo.id, type(error).__name__)
        with writing(db):
            waiting = replace(claim.photo, status=PhotoStatus.WAITING)
            photos.finish(db, waiting, claim.photo.attempts)
        return []


def _claims(db: Database, now: datetime, only_treatment: str | None) -> Iterator[_Claim]:
    for photo in photos.claimable(db, now, BATCH, only_treatment):
        baseline = photos.baseline(db, photo.treatment_id)
        if baseline is None:
            continue
        with writing(db):
            ours = photos.claim(db, photo, now)
        if ours:
            claimed = replace(photo, status=PhotoStatus.MEASURING, attempts=photo.attempts + 1)
            yield _Claim(claimed, outlines.ground_of(db, photo, baseline.id))


def _store(
    db: Database, files: PhotoFiles, claim: _Claim, result: Analysed | NotMeasurable
) -> list[Measured | Unmeasured]:
    """Store a result; an empty list when the claim was lost and somebody else does the work."""
    if isinstance(result, NotMeasurable):
        status, faults = PhotoStatus.UNMEASURABLE, (result.fault,)
        photo = replace(claim.photo, status=status, faults=faults)
        with writing(db):
            return [Unmeasured(photo)] if _finish(db, claim, photo) else []
    for picture, data in result.pictures.items():
        files.save(claim.photo.id, picture, data)
    warnings = tuple(dict.fromkeys(claim.photo.warnings + result.warnings))
    photo = replace(claim.photo, status=PhotoStatus.MEASURED, warnings=warnings)
    reading = Reading(
        photo_id=photo.id,
        taken_at=photo.taken_at,
        method=result.method,
        opencv=result.opencv,
        reference=result.reference,
        residual=result.residual,
        skin_state=photo.skin_state,
        regions=result.regions,
    )
    with writing(db):
        is_ours = _finish(db, claim, photo)
        if is_ours:
            readings.insert(db, reading, claim.ground)
            treatments.tell_news(db, photo.treatment_id)
    if not is_ours and photos.get(db, photo.id) is None:
        files.delete(photo.id)  # the patient was erased meanwhile
    return [Measured(photo, reading)] if is_ours else []


def _finish(db: Database, claim: _Claim, photo: Photo) -> bool:
    """End a claim; False where it was lost, or where the ground changed under it meanwhile.

    What was measured on another ground is dropped, and the photo waits to be measured on this one.
    """
    if not photos.finish(db, photo, claim.photo.attempts):
        return False
    if outlines.ground_of(db, photo, claim.ground.baseline_id) != claim.ground:
        photos.revive(db, photo.id)
        return False
    return True
