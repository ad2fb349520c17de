"""Take a subject's photos, judge and measure them, and record truth and reading together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from analysis import analyse_photo, decode_photo, judge_photo
from analysis.errors import Unmeasurable
from analysis.face.regions import FACE_REGIONS, Region
from analysis.images import SrgbImage
from analysis.light.chromophores import Estimate, Reference
from analysis.scenes.head.changes import SkinState
from analysis.scenes.head.heads import Person
from analysis.scenes.head.plane import TOP
from analysis.scenes.shots import FRAME_HEIGHT_MM, Photograph, RegionTruth, Shot, photograph
from tests.benchmarks.measurement.days import (
    Day,
    Fault,
    Purpose,
    baseline_shot,
    plan_days,
    plan_faulty_days,
    plan_still_days,
    with_card,
)
from tests.benchmarks.measurement.naive import mean_redness
from tests.benchmarks.measurement.people import LIGHT_TONE, Split, Subject, invite

_CROPPED_EVERY = 2
_CHIN_MM = 117.0  # below it the neck begins; above it a cropped photo ends


@dataclass(frozen=True, slots=True)
class Reading:
    """One region on one day: the true value and the reading."""

    split: Split
    ita: float
    purpose: Purpose
    change: str
    lamp: str
    same_lamp: bool
    same_camera: bool
    camera: str
    reference: Reference
    region: Region
    truth: RegionTruth
    redness: Estimate
    pigment: Estimate


@dataclass(frozen=True, slots=True)
class NaivePair:
    """One photo: the true redness of the whole face, and how much redder its box has become."""

    ita: float
    purpose: Purpose
    lamp: str
    same_lamp: bool
    truth: float
    a_star: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One photo at the gate; `fault` is what is wrong with it, if anything."""

    split: Split
    ita: float
    fault: Fault | None
    accepted: bool
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything recorded about some photos."""

    readings: list[Reading] = field(default_factory=list)
    naive: list[NaivePair] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    unmeasurable: int = 0

    def __add__(self, other: "Notes") -> "Notes":
        return Notes(
            self.readings + other.readings,
            self.naive + other.naive,
            self.verdicts + other.verdicts,
            self.unmeasurable + other.unmeasurable,
        )


@dataclass(frozen=True, slots=True)
class Task:
    """One subject and what is photographed: with the `card` too, and still and `faulty` photos."""

    subject: Subject
    rounds: int
    card: bool
    faulty: bool


def rehearse(task: Task) -> Notes:
    """All photos of one subject, judged and measured."""
    cv2.setNumThreads(1)
    subject = task.subject
    before = baseline_shot(subject)
    baseline = _as_jpeg(photograph(subject.person, SkinState(), before).image, 92)
    notes = Notes()
    for number, day in enumerate(plan_days(subject, rounds=task.rounds)):
        taken = photograph(subject.person, day.change.state, day.shot)
        photo = _as_jpeg(taken.image, day.jpeg)
        notes.verdicts.append(_judge(subject, day, photo, baseline))
        notes = notes + _measure(subject, day, taken, photo, baseline)
        if number % _CROPPED_EVERY == 0:
            neckless = _above_the_neck(photo, day.shot), _above_the_neck(baseline, before)
            notes = notes + _measure(subject, day, taken, *neckless, naive=False)
    if task.card:
        notes = notes + _rehearse_with_card(task)
    if task.faulty and subject.number == 0:
        for day in plan_still_days(subject):
            taken = photograph(subject.person, day.change.state, day.shot)
            notes = notes + _measure(subject, day, taken, _as_jpeg(taken.image, day.jpeg), baseline)
        for day in plan_faulty_days(subject):
            notes.verdicts.append(_judge(subject, day, _faulty_photo(subject, day), baseline))
    return notes


def _rehearse_with_card(task: Task) -> Notes:
    subject = task.subject
    before = with_card(baseline_shot(subject), subject, 0)
    baseline = _as_jpeg(photograph(subject.person, SkinState(), before).image, 92)
    days = list(plan_days(subject, rounds=task.rounds))
    if task.faulty and subject.number == 0:
        days += plan_still_days(subject)
    notes = Notes()
    for number, day in enumerate(days):
        shot = with_card(day.shot, subject, 1 + number)
        taken = photograph(subject.person, day.change.state, shot)
        photo = _as_jpeg(taken.image, day.jpeg)
        notes = notes + _measure(subject, day, taken, photo, baseline, naive=False)
    return notes


def _measure(
    subject: Subject,
    day: Day,
    taken: Photograph,
    photo: SrgbImage,
    baseline: SrgbImage,
    *,
    naive: bool = True,
) -> Notes:
    try:
        analysis = analyse_photo(photo, baseline)
    except Unmeasurable:
        return Notes(unmeasurable=1)
    before = baseline_shot(subject)
    truths = dict(taken.truth)
    if day.change.regions == FACE_REGIONS:
        truths[Region.FACE] = RegionTruth(day.change.redness, day.change.pigment)
    readings = [
        Reading(
            split=subject.split,
            ita=subject.tone.ita,
            purpose=day.purpose,
            change=day.change.name,
            lamp=day.shot.lamp.value,
            same_lamp=day.shot.lamp is before.lamp,
            same_camera=day.shot.camera is before.camera,
            camera=day.shot.camera.value,
            reference=analysis.reference,
            region=region,
            truth=truths[region],
            redness=read.redness,
            pigment=read.pigment,
        )
        for region, read in analysis.regions.items()
        if region in truths
    ]
    pairs = []
    if naive and Region.FACE in truths:
        pairs.append(
            NaivePair(
                ita=subject.tone.ita,
                purpose=day.purpose,
                lamp=day.shot.lamp.value,
                same_lamp=day.shot.lamp is before.lamp,
                truth=day.change.redness,
                a_star=mean_redness(photo) - mean_redness(baseline),
            )
        )
    return Notes(readings, pairs)


def _judge(subject: Subject, day: Day, photo: SrgbImage, baseline: SrgbImage) -> Verdict:
    quality = judge_photo(photo, baseline)
    named = tuple(fault.value for fault in quality.faults)
    return Verdict(subject.split, subject.tone.ita, day.fault, quality.acceptable, named)


def _faulty_photo(subject: Subject, day: Day) -> SrgbImage:
    person = subject.person
    if day.fault is Fault.OTHER_PERSON:
        person = next(
            other.person
            for other in invite(subject.split, per_tone=subject.number + 2)
            if other.tone == subject.tone and other.number == subject.number + 1
        )
    image = photograph(person, day.change.state, day.shot).image
    if day.fault is Fault.COVERED:
        image = _masked(image)
    return _as_jpeg(image, day.jpeg)


def _masked(image: SrgbImage) -> SrgbImage:
    """A paper mask over nose, cheeks and chin."""
    pixels = image.pixels.copy()
    height, width = pixels.shape[:2]
    centre = (width // 2, int((55.0 - TOP - 47.0) / FRAME_HEIGHT_MM * height))
    half = (int(0.27 * width), int(0.19 * height))
    cv2.ellipse(pixels, centre, half, 0, 0, 360, (0.62, 0.72, 0.80), -1)
    return SrgbImage(pixels)


def _above_the_neck(photo: SrgbImage, shot: Shot) -> SrgbImage:
    """The photo without neck and chest, so that nothing untreated is left in it."""
    height = photo.size[1]
    chin = FRAME_HEIGHT_MM / 2 + (_CHIN_MM - 37.0) * shot.pose.scale + shot.pose.down_mm
    rows = int(chin / FRAME_HEIGHT_MM * height)
    return SrgbImage(np.ascontiguousarray(photo.pixels[:rows]))


def _as_jpeg(image: SrgbImage, quality: int) -> SrgbImage:
    """Through a phone's JPEG with halved colour, and decoded again."""
    encoded = BytesIO()
    codes = np.rint(image.pixels * 255).astype(np.uint8)
    Image.fromarray(codes).save(encoded, "JPEG", quality=quality, subsampling="4:2:0")
    return decode_photo(encoded.getvalue())


@lru_cache(maxsize=1)
def calibrate_naive() -> float:
    """a* per doubling of blood in skin type II, light and camera unchanged: the naive scale."""
    subject = next(s for s in invite(Split.HELD_OUT, 1) if s.tone == LIGHT_TONE)
    return _naive_scale(subject.person, (0.0, 1.0, 2.0))


def _naive_scale(person: Person, doublings: Iterable[float]) -> float:
    amounts = np.array(list(doublings))
    seen = [
        mean_redness(
            photograph(
                person, SkinState(redness=dict.fromkeys(FACE_REGIONS, float(amount))), Shot()
            ).image
        )
        for amount in amounts
    ]
    return float(np.polyfit(amounts, seen, 1)[0])
