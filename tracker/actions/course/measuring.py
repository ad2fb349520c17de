"""Measure the photos that wait; each is claimed, and its result stored in one transaction."""

import logging
import os
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from sqlite_utils import Database

from analysis.face.faces import FindFace, find_face
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import CLAIM_LEASE, FAILED, Photo, PhotoStatus, Sides, next_try
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import Said, SaidBy, SidesAnswer, obstacle, sides_after
from tracker.storage.connection import DatabaseError, IntegrityError, writing
from tracker.storage.course import outlines, photos, readings, sides, treatments
from tracker.wires.compute import Analysed, FileLost, NotMeasurable, analyse_bytes, analyse_stored
from tracker.wires.photo_files import (
    HANDED_ON,
    OnePhoto,
    PhotoFiles,
    PhotoUnreadable,
    Picture,
)
from tracker.wires.processes import Stopped, at_once, reads_store

CLAIMING = timedelta(seconds=20)  # then other duties of the loop have their turn
RENEWED_EVERY = CLAIM_LEASE / 4
PROBE_SECONDS = 60

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
    baseline: Photo
    basis: Basis


class _PoolDown(Exception):  # noqa: N818
    """No process can be started to measure anything."""


def measure_photos(
    db: Database,
    files: PhotoFiles,
    compute: Executor,
    now: datetime,
    only_treatment: str | None = None,
    find: FindFace = find_face,
) -> list[Measured | Unmeasured]:
    """Claim waiting photos, as many as `compute` takes, measure them and store the results.

    Claims are renewed while photos are measured; after `CLAIMING` no further photo is claimed. A
    photo that fails is tried again, later each time, and given up after its fifth failure. A
    failure that is not its own (storage or database unreachable, no memory, no processes, an
    unreadable baseline) is tried again without end and never counts. When `compute` is stopped,
    what is claimed is handed back as it was.
    """
    done = _end_lapsed(db, now, only_treatment)
    began = monotonic()
    running: dict[Future[Analysed | NotMeasurable], _Claim] = {}
    begun: set[str] = set()
    interrupted: list[_Claim] = []
    is_stopped = False
    while True:
        spent = timedelta(seconds=monotonic() - began)
        if not (interrupted or is_stopped) and spent < CLAIMING:
            most = at_once(compute)
            for claim in _claims(db, now + spent, most, running.values(), begun, only_treatment):
                running[_start(files, compute, claim, find)] = claim
        if not running:
            break
        ended, _ = wait(running, RENEWED_EVERY.total_seconds(), FIRST_COMPLETED)
        for future in ended:
            claim = running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                interrupted.append(claim)
            else:
                is_stopped |= isinstance(future.exception(), Stopped)
                done += _conclude(db, files, claim, future, now)
        _renew(db, [*running.values(), *interrupted], now, began)
    # One photo may have killed the process under all of them: now each is measured alone.
    while interrupted:
        claim = interrupted.pop(0)
        alone = _start(files, compute, claim, find)
        while not wait([alone], RENEWED_EVERY.total_seconds()).done:
            _renew(db, [claim, *interrupted], now, began)
        if isinstance(alone.exception(), BrokenProcessPool) and not _works(compute):
            alone = _failed(_PoolDown("no process can be started"))
        done += _conclude(db, files, claim, alone, now)
        _renew(db, interrupted, now, began)
    return done


def _renew(db: Database, claims: Sequence[_Claim], now: datetime, began: float) -> None:
    """Keep the claims of photos that take long; time since `now` is that of no clock that jumps."""
    spent = timedelta(seconds=monotonic() - began)
    if claims and spent > RENEWED_EVERY:
        with writing(db):
            for claim in claims:
                photos.renew_claim(db, claim.photo, now + spent)


def _works(compute: Executor) -> bool:
    """Whether processes can be started at all: if so, the photo killed its own."""
    try:
        compute.submit(os.getpid).result(timeout=PROBE_SECONDS)
    except Exception:  # noqa: BLE001  (whatever it is, it is not the photo)
        return False
    return True


def _start(
    files: PhotoFiles, compute: Executor, claim: _Claim, find: FindFace
) -> Future[Analysed | NotMeasurable]:
    """Give a claimed photo to `compute`; a photo that cannot be given to it has already failed."""
    basis = claim.basis
    try:
        if reads_store(compute, files.url):
            return compute.submit(
                analyse_stored,
                _one(files, claim.photo),
                _one(files, claim.baseline),
                basis.areas,
                basis.outlines,
                find,
                is_turned=basis.is_turned,
                is_recalling=not _has_failed(claim),
            )
        baseline = _read(files, claim.baseline)
        photo = baseline if claim.photo.id == claim.baseline.id else _read(files, claim.photo)
        known, known_before = _known(files, claim)
        return compute.submit(
            analyse_bytes,
            photo,
            baseline,
            basis.areas,
            basis.outlines,
            find,
            is_turned=basis.is_turned,
            known=known,
            known_before=known_before,
        )
    except Exception as error:  # noqa: BLE001  (told with those of the measuring itself)
        return _failed(error)


def _has_failed(claim: _Claim) -> bool:
    """Then it is measured without what was computed earlier, which may be the cause."""
    return bool(claim.photo.failures or claim.photo.lapses)


def _known(files: PhotoFiles, claim: _Claim) -> tuple[list[bytes], list[bytes]]:
    """What was computed of the photo, and of another one that is the baseline."""
    if _has_failed(claim):
        return [], []
    photo_id, baseline_id = claim.photo.id, claim.baseline.id
    known = [files.known(photo_id), files.known(photo_id, HANDED_ON)]
    return known, [files.known(baseline_id)] if photo_id != baseline_id else []


def _failed(error: Exception) -> Future[Analysed | NotMeasurable]:
    future: Future[Analysed | NotMeasurable] = Future()
    future.set_exception(error)
    return future


def _read(files: PhotoFiles, photo: Photo) -> bytes:
    try:
        return files.load(photo.id, Picture.PHOTO)
    except PhotoUnreadable as error:
        raise FileLost(photo.id, error.fault) from error


def _one(files: PhotoFiles, photo: Photo) -> OnePhoto:
    try:
        return files.one(photo.id)
    except PhotoUnreadable as error:
        raise FileLost(photo.id, error.fault) from error


def _conclude(
    db: Database,
    files: PhotoFiles,
    claim: _Claim,
    future: Future[Analysed | NotMeasurable],
    now: datetime,
) -> list[Measured | Unmeasured]:
    """Store the result of a photo, or release it for another try."""
    try:
        stored = _store(db, files, claim, future.result(), now)
        _record_readable(db, claim)
    except Exception as error:  # noqa: BLE001  (one photo must not cost the others their results)
        again = _counted(claim, error)
        # Only the kind of error: its message could contain something of the picture.
        kind = str(error) if isinstance(error, FileLost) else type(error).__name__
        log.warning("photo %s: %s, failure %d", again.id, kind, again.failures)
        try:
            if isinstance(error, FileLost):
                lost = claim.baseline if error.photo_id == claim.baseline.id else claim.photo
                with writing(db):
                    photos.record_file_fault(db, lost, error.fault)
            return _hand_back(db, again, now)
        except DatabaseError:
            log.exception("photo %s could not be handed back; its claim will lapse", again.id)
            return []
    return stored


def _counted(claim: _Claim, error: Exception) -> Photo:
    """The claimed photo with this failure counted: as its own, or as trouble of the system."""
    if isinstance(error, Stopped):
        return claim.photo
    own_file_lost = isinstance(error, FileLost) and error.photo_id != claim.baseline.id
    is_the_worlds = isinstance(error, OSError | MemoryError | DatabaseError | _PoolDown | FileLost)
    if own_file_lost or isinstance(error, IntegrityError) or not is_the_worlds:
        return replace(claim.photo, failures=claim.photo.failures + 1, troubles=0, lapses=0)
    return replace(claim.photo, troubles=claim.photo.troubles + 1, lapses=0)


def _hand_back(db: Database, photo: Photo, now: datetime) -> list[Measured | Unmeasured]:
    """Let a claimed photo wait for its next try; after its last one it is given up."""
    due = next_try(photo, now)
    if due is not None:
        with writing(db):
            photos.hand_back(db, photo, due)
        return []
    given_up = replace(photo, status=PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    with writing(db):
        is_ours = photos.finish(db, given_up, photo.attempts)
    log.error("photo %s is given up after %d failures", photo.id, photo.failures)
    return [Unmeasured(given_up)] if is_ours else []


def _end_lapsed(
    db: Database, now: datetime, only_treatment: str | None
) -> list[Measured | Unmeasured]:
    """Release what a worker that died had claimed.

    The first time it is unknown which photo of the batch was the cause, if any. From then on the
    photo is measured alone, so that a second death has one cause.
    """
    done = []
    for photo in photos.lapsed(db, now, only_treatment):
        failures = photo.failures + (photo.lapses > 0)
        done += _hand_back(db, replace(photo, failures=failures, lapses=photo.lapses + 1), now)
    return done


def _record_readable(db: Database, claim: _Claim) -> None:
    """Lost files that are back, as from a backup, no longer count as lost."""
    for photo in (claim.photo, claim.baseline):
        if photo.file_fault is not None:
            with writing(db):
                photos.record_file_fault(db, photo, None)


def _claims(
    db: Database,
    now: datetime,
    most: int,
    running: Collection[_Claim],
    begun: set[str],
    only_treatment: str | None,
) -> list[_Claim]:
    """Claim photos up to `most` at once, each once a round, which `begun` remembers.

    One that met the end of a worker is measured alone.
    """
    if len(running) >= most or any(claim.photo.lapses for claim in running):
        return []
    claims: list[_Claim] = []
    for photo in photos.claimable(db, now, most - len(running), only_treatment):
        if photo.id in begun or (photo.lapses and (running or claims)):
            continue
        begun.add(photo.id)
        with writing(db):
            ours = photos.claim(db, photo, now)
        claimed = replace(photo, status=PhotoStatus.MEASURING, attempts=photo.attempts + 1)
        try:
            baseline = photos.baseline(db, photo.treatment_id)
            if ours and baseline is not None:
                basis = outlines.basis_of(db, photo, baseline.id)
                claims.append(_Claim(claimed, baseline, basis))
        except Exception:  # a bad record of one course must not hold up the others
            log.exception("photo %s: its course cannot be read", photo.id)
            _hand_back(db, replace(claimed, failures=photo.failures + 1, troubles=0), now)
    return claims


def _store(
    db: Database,
    files: PhotoFiles,
    claim: _Claim,
    result: Analysed | NotMeasurable,
    now: datetime,
) -> list[Measured | Unmeasured]:
    """Store a result; an empty list when the claim was lost and another worker does the work."""
    files.drop_handed_on(claim.photo.id)
    if isinstance(result, NotMeasurable):
        status, faults = PhotoStatus.UNMEASURABLE, (result.fault,)
        photo = replace(claim.photo, status=status, faults=faults)
        with writing(db):
            return [Unmeasured(photo)] if _finish(db, claim, photo) else []
    for picture, data in result.pictures.items():
        files.save(claim.photo.id, picture, data)
    if result.known_before:
        files.save_known(claim.baseline.id, result.known_before)
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
        asymmetry=result.asymmetry,
        is_mirrored=result.is_mirrored,
        is_turned=claim.basis.is_turned,
    )
    with writing(db):
        is_ours = _finish(db, claim, photo)
        if is_ours:
            readings.insert(db, reading, claim.basis)
            treatments.tell_news(db, photo.treatment_id)
            _learn_sides(db, claim, reading, now)
    if not is_ours:
        for each in {photo.id, claim.baseline.id}:
            if photos.get(db, each) is None:
                files.delete(each)  # the patient was erased meanwhile
    return [Measured(photo, reading)] if is_ours else []


def _learn_sides(db: Database, claim: _Claim, reading: Reading, now: datetime) -> None:
    """A later photo whose own sides are sure shows whether the baseline is a mirror image.

    What the clinic said is not overruled, and photos that contradict each other turn nothing over
    and over: the clinic's pages say that they do not agree.
    """
    baseline = photos.get(db, claim.baseline.id)
    if claim.photo.sides is not Sides.SURE or baseline is None or reading.is_mirrored is None:
        return
    is_mirror_image = reading.is_mirrored is not reading.is_turned
    said = Said.MIRRORED if is_mirror_image else Said.PLAIN
    answers = sides.of_photo(db, baseline.id)
    by_others = {each.said for each in answers if each.said_by is SaidBy.PHOTOS}
    if sides_after(baseline, said) is baseline.sides or by_others - {said}:
        return
    if obstacle(baseline, answers, SaidBy.PHOTOS) is not None:
        return
    sides.record(db, baseline, SidesAnswer(baseline.id, said, SaidBy.PHOTOS, now))


def _finish(db: Database, claim: _Claim, photo: Photo) -> bool:
    """End a claim; False if it was lost, or if the basis changed meanwhile.

    A result on another basis is dropped, and the photo waits to be measured on this one.
    """
    if not photos.finish(db, photo, claim.photo.attempts):
        return False
    if outlines.basis_of(db, photo, claim.basis.baseline_id) != claim.basis:
        photos.revive(db, photo.id)
        return False
    return True


def try_photos_again(db: Database, patient_id: str) -> int:
    """How many photos of the patient wait to be measured now."""
    with writing(db):
        courses = {photo.treatment_id for photo in photos.of_patient(db, patient_id)}
        return sum(photos.try_again(db, treatment_id) for treatment_id in courses)
