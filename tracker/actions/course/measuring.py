"""Measure the photos that wait; each is claimed, and its result stored in one transaction."""

import logging
import os
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from time import monotonic
from typing import Any

from sqlite_utils import Database

from analysis.face.faces import FindFace, find_face
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import CLAIM_LEASE, FAILED, Photo, PhotoStatus, Sides, next_try
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import told_by_photo
from tracker.storage.connection import DatabaseError, IntegrityError, writing
from tracker.storage.course import outlines, photos, readings, sides, treatments
from tracker.wires.compute import Analysed, FileLost, NotMeasurable, analyse_bytes, analyse_stored
from tracker.wires.photo_files import HANDED_ON, OnePhoto, PhotoFiles, PhotoUnreadable, Picture
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
    work = _Round(db, files, compute, find, now, monotonic())
    interrupted: list[_Claim] = []
    is_stopped = False
    while True:
        if not (interrupted or is_stopped) and work.at() < now + CLAIMING:
            work.begin(only_treatment)
        if not work.running:
            break
        ended, _ = wait(work.running, RENEWED_EVERY.total_seconds(), FIRST_COMPLETED)
        for future in ended:
            claim = work.running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                interrupted.append(claim)
            else:
                is_stopped |= isinstance(future.exception(), Stopped)
                done += _conclude(work, claim, future)
        work.renew()
    # One photo may have killed the process under all of them: now each is measured alone.
    for claim in interrupted:
        alone = _start(work, claim)
        work.wait_for(alone)
        if isinstance(alone.exception(), BrokenProcessPool) and not _works(work):
            alone = _failed(OSError("no process can be started"))
        done += _conclude(work, claim, alone)
    return done


@dataclass(slots=True)
class _Round:
    """One call of `measure_photos`, and the claims that it holds.

    A store may be slow, so claims are renewed between any two files. Time since `now` is that of no
    clock that jumps.
    """

    db: Database
    files: PhotoFiles
    compute: Executor
    find: FindFace
    now: datetime
    clock_began: float
    renewed: timedelta = timedelta(0)
    begun: set[str] = field(default_factory=set)
    held: list[_Claim] = field(default_factory=list)
    running: dict[Future[Analysed | NotMeasurable], _Claim] = field(default_factory=dict)

    def at(self) -> datetime:
        return self.now + timedelta(seconds=monotonic() - self.clock_began)

    def begin(self, only_treatment: str | None) -> None:
        """Claim as many photos as there is room for, and give them to `compute`."""
        try:
            _claim(self, at_once(self.compute, self.files.url), only_treatment)
        except DatabaseError as error:  # what is under way is stored when it can be
            if not self.held:
                raise
            log.warning("no more photos are claimed: %s", type(error).__name__)
        for claim in [each for each in self.held if each not in self.running.values()]:
            self.running[_start(self, claim)] = claim

    def renew(self) -> None:
        """Keep the claims that are held, if it is time; what is being measured goes on anyway."""
        at = self.at()
        if self.held and at - self.now - self.renewed > RENEWED_EVERY:
            try:
                with writing(self.db):
                    for claim in self.held:
                        photos.renew_claim(self.db, claim.photo, at)
                self.renewed = at - self.now
            except DatabaseError as error:
                log.warning("claims are not renewed: %s", type(error).__name__)

    def wait_for(self, future: Future[Any], seconds: float = inf) -> None:
        """Wait until a call has ended, at most `seconds`, and keep the claims meanwhile."""
        until = monotonic() + seconds
        while not future.done() and (left := until - monotonic()) > 0:
            wait([future], min(left, RENEWED_EVERY.total_seconds()))
            self.renew()


def _works(work: _Round) -> bool:
    """Whether processes can be started at all: if so, the photo killed its own."""
    try:
        probe = work.compute.submit(os.getpid)
        work.wait_for(probe, PROBE_SECONDS)
        probe.result(timeout=0)
    except Exception:  # noqa: BLE001  (whatever it is, it is not the photo)
        return False
    return True


def _start(work: _Round, claim: _Claim) -> Future[Analysed | NotMeasurable]:
    """Give a claimed photo to `compute`; a photo that cannot be given to it has already failed."""
    basis, files = claim.basis, work.files
    try:
        if reads_store(work.compute, files.url):
            return work.compute.submit(
                analyse_stored,
                _one(files, claim.photo),
                _one(files, claim.baseline),
                basis.areas,
                basis.outlines,
                work.find,
                is_turned=basis.is_turned,
                is_recalling=not _has_failed(claim),
            )
        baseline = _read(work, claim.baseline)
        photo = baseline if claim.photo.id == claim.baseline.id else _read(work, claim.photo)
        work.renew()
        known, known_before = _known(files, claim)
        return work.compute.submit(
            analyse_bytes,
            photo,
            baseline,
            basis.areas,
            basis.outlines,
            work.find,
            is_turned=basis.is_turned,
            known=known,
            known_before=known_before,
        )
    except Exception as error:  # noqa: BLE001  (told with those of the measuring itself)
        return _failed(error)
    finally:
        work.renew()


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


def _read(work: _Round, photo: Photo) -> bytes:
    work.renew()
    try:
        return work.files.load(photo.id, Picture.PHOTO)
    except PhotoUnreadable as error:
        raise FileLost(photo.id, error.fault) from error


def _one(files: PhotoFiles, photo: Photo) -> OnePhoto:
    try:
        return files.one(photo.id)
    except PhotoUnreadable as error:
        raise FileLost(photo.id, error.fault) from error


def _conclude(
    work: _Round, claim: _Claim, future: Future[Analysed | NotMeasurable]
) -> list[Measured | Unmeasured]:
    """Store the result of a photo, or release it for another try."""
    db = work.db
    try:
        done = _store(work, claim, future.result())
        _record_readable(db, claim)
    except Exception as error:  # noqa: BLE001  (one photo must not cost the others their results)
        again = _counted(claim.photo, error, claim.baseline.id)
        # Only the kind of error: its message could contain something of the picture.
        kind = str(error) if isinstance(error, FileLost) else type(error).__name__
        log.warning("photo %s: %s, failure %d", again.id, kind, again.failures)
        try:
            if isinstance(error, FileLost):
                lost = claim.baseline if error.photo_id == claim.baseline.id else claim.photo
                with writing(db):
                    photos.record_file_fault(db, lost, error.fault)
            done = _hand_back(db, again, work.at())
        except DatabaseError:
            log.exception("photo %s could not be handed back; its claim will lapse", again.id)
            done = []
    work.held.remove(claim)
    work.renew()
    return done


def _counted(photo: Photo, error: Exception, baseline_id: str = "") -> Photo:
    """The claimed photo with this failure counted: as its own, or as trouble of the system."""
    if isinstance(error, Stopped):
        return photo
    own_file_lost = isinstance(error, FileLost) and error.photo_id != baseline_id
    is_the_worlds = isinstance(error, OSError | MemoryError | DatabaseError | FileLost)
    if own_file_lost or isinstance(error, IntegrityError) or not is_the_worlds:
        return replace(photo, failures=photo.failures + 1, troubles=0, lapses=0)
    return replace(photo, troubles=photo.troubles + 1, lapses=0)


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


def _claim(work: _Round, most: int, only_treatment: str | None) -> None:
    """Claim photos up to `most` at once, each once a round, which `work` remembers.

    One that met the end of a worker is measured alone.
    """
    db, now, running = work.db, work.at(), work.running
    for photo in photos.claimable(db, now, max(0, most - len(running)), only_treatment):
        is_apart = work.held and (photo.lapses or work.held[-1].photo.lapses)
        if is_apart or photo.id in work.begun:
            continue
        work.begun.add(photo.id)
        with writing(db):
            if not photos.claim(db, photo, now):
                continue
        claimed = replace(photo, status=PhotoStatus.MEASURING, attempts=photo.attempts + 1)
        try:
            baseline = photos.baseline(db, photo.treatment_id)
            if baseline is not None:
                basis = outlines.basis_of(db, photo, baseline.id)
                work.held.append(_Claim(claimed, baseline, basis))
        except Exception as error:  # one course must not hold up the others
            log.exception("photo %s: its course cannot be read", photo.id)
            _hand_back(db, _counted(claimed, error), now)


def _store(
    work: _Round, claim: _Claim, result: Analysed | NotMeasurable
) -> list[Measured | Unmeasured]:
    """Store a result; an empty list when the claim was lost and another worker does the work."""
    db, files = work.db, work.files
    files.drop_handed_on(claim.photo.id)
    if isinstance(result, NotMeasurable):
        status, faults = PhotoStatus.UNMEASURABLE, (result.fault,)
        photo = replace(claim.photo, status=status, faults=faults)
        with writing(db):
            return [Unmeasured(photo)] if _finish(db, claim, photo) else []
    for picture, data in result.pictures.items():
        work.renew()
        files.save(claim.photo.id, picture, data)
    work.renew()
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
            _learn_sides(db, claim, reading, work.at())
    if not is_ours:
        for each in photos.unknown_ids(db, {photo.id, claim.baseline.id}):
            files.delete(each)  # the patient was erased meanwhile
    return [Measured(photo, reading)] if is_ours else []


def _learn_sides(db: Database, claim: _Claim, reading: Reading, now: datetime) -> None:
    """Record what the photo tells of the sides of the baseline."""
    baseline = photos.get(db, claim.baseline.id)
    if claim.photo.sides is Sides.SURE and baseline is not None and reading.is_mirrored is not None:
        is_mirror_image = reading.is_mirrored is not reading.is_turned
        answers = sides.of_photo(db, baseline.id)
        answer = told_by_photo(baseline, answers, now, is_mirror_image=is_mirror_image)
        if answer is not None:
            sides.record(db, baseline, answer)


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
