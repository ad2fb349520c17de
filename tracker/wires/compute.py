"""What the analysis finds in a photo, in the product's terms: for processes that touch pixels."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from analysis import (
    VERSION,
    KnownPhotos,
    MarkedAreas,
    analyse_photo,
    decode_photo,
    draw_evidence,
    to_stored_form,
)
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.model import FaceModelError, open_face_model
from analysis.face.regions import Region as SeenRegion
from analysis.images import mirror_photo
from analysis.pipeline import RegionAnalysis
from analysis.spots import Lesions
from tracker.domain.course.outlines import NOTHING_DRAWN, Outlines
from tracker.domain.course.photos import FileFault
from tracker.domain.course.readings import Estimate, FocalChanges, Reference, RegionReading, Spots
from tracker.domain.course.treatments import Region
from tracker.settings import SettingsError
from tracker.wires.photo_files import HANDED_ON, KNOWN, OnePhoto, PhotoUnreadable, Picture
from tracker.wires.processes import memory_told

log = logging.getLogger(__name__)

FaceFinder = FindFace
"""Finds the face in a photo; what gate and measurement are handed."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the analysis found on one photo, ready to be stored; pictures as encoded bytes.

    `is_mirrored` says whether the photo shows the face the other way round than the baseline, None
    where that is not clear. `known_before` is what was computed of the baseline, empty where it was
    known already.
    """

    method: str
    opencv: str
    reference: Reference
    residual: float
    warnings: tuple[str, ...]
    regions: Mapping[Region, RegionReading]
    asymmetry: Estimate | None
    is_mirrored: bool | None
    pictures: Mapping[Picture, bytes]
    known_before: bytes = b""


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """The analysis refused the photo for the fault named."""

    fault: str


class FileLost(Exception):  # noqa: N818  (a state of the store, not of the code)
    """The file of this photo cannot be read; it can pass from one machine to another."""

    def __init__(self, photo_id: str, fault: FileFault) -> None:
        super().__init__(photo_id, fault)
        self.photo_id, self.fault = photo_id, fault

    def __str__(self) -> str:
        return f"the file of photo {self.photo_id} is {self.fault}"


def analyse_bytes(
    photo: bytes,
    baseline: bytes,
    areas: frozenset[Region],
    drawn: Outlines = NOTHING_DRAWN,
    find: FindFace = find_face,
    *,
    is_turned: bool = False,
    known: Sequence[bytes] = (),
    known_before: Sequence[bytes] = (),
) -> Analysed | NotMeasurable:
    """Decode both photos, measure the change in the treated skin and draw the evidence.

    With `is_turned` the baseline is a mirror image and is turned first. `drawn` are outlines on the
    baseline as others see the face, which override the areas; `known` and `known_before` are what
    was computed of the photo and of the baseline earlier. A photo that cannot be measured with them
    is measured without. Also raises MemoryError when OpenCV runs out of memory.
    """
    given = photo, baseline, areas, drawn
    once = recalling(find, [(photo, known), (baseline, known_before)])
    found = _analysed(*given, once, is_turned=is_turned)
    if isinstance(found, NotMeasurable) and any((*known, *known_before)):
        log.warning("%s by what was known of two photos; measured without it", found.fault)
        found = _analysed(*given, KnownPhotos(find), is_turned=is_turned)
    return found


def _analysed(
    photo: bytes,
    baseline: bytes,
    areas: frozenset[Region],
    drawn: Outlines,
    once: KnownPhotos,
    *,
    is_turned: bool,
) -> Analysed | NotMeasurable:
    try:
        before = once.open(baseline, is_whole=True)
        before = mirror_photo(before) if is_turned else before
        seen = before if photo == baseline else once.open(photo, is_whole=True)
        treated = frozenset(SeenRegion(str(area)) for area in areas)
        marked = MarkedAreas(drawn.treated, drawn.untreated)
        with memory_told():
            found = analyse_photo(seen, before, treated, marked, find=once)
            pictures = draw_evidence(found, seen, before, once)
    except Unmeasurable as verdict:
        return NotMeasurable(str(verdict.fault))
    return Analysed(
        method=VERSION,
        opencv=cv2.__version__,
        reference=Reference(str(found.reference)),
        residual=found.residual,
        warnings=tuple(str(fault) for fault in found.warnings),
        regions={Region(str(name)): _region(region) for name, region in found.regions.items()},
        asymmetry=Estimate(found.asymmetry.value, found.asymmetry.sd) if found.asymmetry else None,
        is_mirrored=found.mirrored if found.is_way_round_clear else None,
        pictures={Picture(name): data for name, data in pictures.items()},
        known_before=once.tell_as_baseline(before, VERSION),
    )


def analyse_stored(
    photo: OnePhoto,
    baseline: OnePhoto,
    areas: frozenset[Region],
    drawn: Outlines = NOTHING_DRAWN,
    find: FindFace = find_face,
    *,
    is_turned: bool = False,
    is_recalling: bool = True,
) -> Analysed | NotMeasurable:
    """`analyse_bytes` of photos that this machine reads from the store itself.

    `is_recalling` says whether what was computed earlier is read, too. Raises FileLost when a photo
    cannot be read, and OSError without the store.
    """
    before = _read(baseline)
    seen = before if photo == baseline else _read(photo)
    return analyse_bytes(
        seen,
        before,
        areas,
        drawn,
        find,
        is_turned=is_turned,
        known=[photo.known(name) for name in (KNOWN, HANDED_ON)] if is_recalling else (),
        known_before=[baseline.known(KNOWN)] if is_recalling and photo != baseline else (),
    )


def _read(photo: OnePhoto) -> bytes:
    try:
        return photo.load(Picture.PHOTO)
    except PhotoUnreadable as error:
        raise FileLost(photo.photo_id, error.fault) from error


def recalling(find: FindFace, known: Iterable[tuple[bytes, Sequence[bytes]]]) -> KnownPhotos:
    """A finder that knows what was computed of photos earlier, as far as it still counts.

    `known` are files of photos, each with what lies with it, which says nothing of other files.
    """
    once = KnownPhotos(find)
    for photo, lies_with_it in known:
        digest = hashlib.sha256(photo).hexdigest()
        for told in filter(None, lies_with_it):
            once.recall(told, VERSION, of=digest)
    return once


def reencode_photo(photo: bytes) -> bytes:
    """The photo in the form in which it is stored: its pixels and nothing else.

    Raises `Unmeasurable` when it cannot be decoded.
    """
    stored = to_stored_form(photo).data
    decode_photo(stored)
    return stored


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
