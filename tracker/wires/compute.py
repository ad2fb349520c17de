"""Measures photos on an executor, as a pure function from bytes to numbers."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

import cv2

from analysis import VERSION, MarkedAreas, analyse_photo, decode_photo, draw_evidence
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.model import FaceModelError, open_face_model
from analysis.face.regions import Region as SeenRegion
from analysis.pipeline import RegionAnalysis
from analysis.spots import Lesions
from tracker.domain.course.outlines import NOTHING_DRAWN, Outlines
from tracker.domain.course.readings import Estimate, FocalChanges, Reference, RegionReading, Spots
from tracker.domain.course.treatments import Region
from tracker.settings import SettingsError
from tracker.wires.photo_files import Picture

P = ParamSpec("P")
T = TypeVar("T")
FaceFinder = FindFace
"""Finds the face in a photo; what gate and measurement are handed."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the analysis found on one photo, ready to be stored; pictures as encoded bytes."""

    method: str
    opencv: str
    reference: Reference
    residual: float
    warnings: tuple[str, ...]
    regions: Mapping[Region, RegionReading]
    asymmetry: Estimate | None
    pictures: Mapping[Picture, bytes]


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """The analysis refused the photo for the fault named."""

    fault: str


def analyse_bytes(
    photo: bytes,
    baseline: bytes,
    areas: frozenset[Region],
    drawn: Outlines = NOTHING_DRAWN,
    find: FindFace = find_face,
) -> Analysed | NotMeasurable:
    """Decode both photos, measure the change in the treated skin and draw the evidence.

    `drawn` are outlines on the baseline photo, which override the areas. Also raises MemoryError
    when OpenCV runs out of memory.
    """
    try:
        seen, before = decode_photo(photo), decode_photo(baseline)
        treated = frozenset(SeenRegion(str(area)) for area in areas)
        marked = MarkedAreas(drawn.treated, drawn.untreated)
        found = analyse_photo(seen, before, treated, marked, find=find)
    except Unmeasurable as verdict:
        return NotMeasurable(str(verdict.fault))
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise
    return Analysed(
        method=VERSION,
        opencv=cv2.__version__,
        reference=Reference(str(found.reference)),
        residual=found.residual,
        warnings=tuple(str(fault) for fault in found.warnings),
        regions={Region(str(name)): _region(region) for name, region in found.regions.items()},
        asymmetry=Estimate(found.asymmetry.value, found.asymmetry.sd) if found.asymmetry else None,
        pictures={Picture(name): data for name, data in draw_evidence(found, seen, before).items()},
    )


def _region(region: RegionAnalysis) -> RegionReading:
    return RegionReading(
        redness=Estimate(region.redness.value, region.redness.sd),
        pigment=Estimate(region.pigment.value, region.pigment.sd),
        lab=region.lab,
        ita=region.ita,
        erythema_index=region.erythema_index,
        melanin_index=region.melanin_index,
        share=region.share,
        focal=FocalChanges(
            region.affected, _spots(region.spots.redder), _spots(region.spots.darker)
        ),
    )


def _spots(lesions: Lesions) -> Spots:
    return Spots(lesions.count, lesions.share)


def choose_face_finder(model: Path | None) -> FaceFinder:
    """The operator's own face model or, without one, the one that OpenCV ships.

    Raises SettingsError when the file is missing or is not a face detector.
    """
    if model is None:
        return find_face
    remedy = "name a file for OpenCV's FaceDetectorYN, or leave AFTERGLOW_FACE_MODEL out"
    if not model.is_file():
        raise SettingsError(f"AFTERGLOW_FACE_MODEL: there is no file {model}; {remedy}")
    try:
        return open_face_model(str(model.resolve()))
    except FaceModelError as error:
        raise SettingsError(f"AFTERGLOW_FACE_MODEL: {error}; {remedy}") from error


class LocalProcesses(Executor):
    """Processes on this machine; when one is killed, a fresh pool takes the next photo.

    Processes are spawned, not forked, because the web server in the same process runs threads.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = Lock()
        self._pool = self._fresh()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call to a process; see `concurrent.futures.Executor.submit`."""
        with self._lock:
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                self._pool = self._fresh()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the processes; see `concurrent.futures.Executor.shutdown`."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=get_context("spawn"),
            initializer=_begin_process,
        )


def _begin_process() -> None:
    # The pool already uses every core; OpenCV's own threads would only make them wait.
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """Killing a parent does not stop its children; each must notice it by itself."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # at once, whatever the main thread is measuring: no one needs the result
