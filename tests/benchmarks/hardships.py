"""Whether a face is found and its photo accepted when something is in the way, by tone class.

`python -m tests.benchmarks.hardships [--people N]` photographs people of every tone class with
what real life adds: beard, glasses, a headscarf, make-up, hair over the forehead, another face,
a mirrored selfie, a turned or tilted head. Detection must not fail more often on dark skin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import find_face
from analysis.images import SrgbImage
from analysis.light.skin_optics import TONES
from analysis.quality import judge_photo
from analysis.scenes import Pose
from analysis.scenes.head.heads import Person
from analysis.scenes.shots import FRAME_HEIGHT_MM
from tests.benchmarks.measurement.people import Subject
from tests.benchmarks.runs import run_benchmark
from tests.benchmarks.snapshots import aim, take

_STRAIGHT: Final = Pose(scale=0.95)
_Colour = tuple[float, float, float]
_FRAME: Final[_Colour] = (0.06, 0.05, 0.05)
_CLOTH: Final[_Colour] = (0.42, 0.25, 0.45)


class Hardship(StrEnum):
    """What makes a face hard to find or to recognise, although its skin can still be measured."""

    BEARD = "three days' beard"
    GLASSES = "glasses"
    HEADSCARF = "headscarf"
    MAKE_UP = "make-up"
    FRINGE = "hair over the forehead"
    SMILE = "smile"
    MIRRORED = "mirrored"
    TURNED_LEFT = "turned −15°"
    TURNED_RIGHT = "turned +15°"
    TILTED_LEFT = "tilted −12°"
    TILTED_RIGHT = "tilted +12°"


@dataclass(frozen=True, slots=True)
class Seen:
    """The result of one photo: whether its face was found, and why the gate refused it."""

    found: bool
    faults: tuple[Fault, ...]


def _bearded(person: Person) -> Person:
    return replace(person, complexion=replace(person.complexion, stubble=1.0))


def _made_up(person: Person) -> Person:
    """Foundation evens out the skin beneath it."""
    even = replace(person.complexion, freckles=0.0, moles=0, mottling=0.3, flush=0.4, oil=0.5)
    return replace(person, complexion=even)


def _smiling(person: Person) -> Person:
    """The mouth widens and its corners rise, the lids narrow, the wings of the nose spread."""
    p = person.proportions
    smile = replace(
        p,
        smile=p.smile + 4.0,
        mouth_width=p.mouth_width + 7.0,
        upper_lip=p.upper_lip - 1.0,
        eye_height=p.eye_height - 1.2,
        nose_width=p.nose_width + 1.5,
        brow_height=p.brow_height + 1.5,
    )
    return replace(person, proportions=smile)


_PEOPLE: Final[Mapping[Hardship, Callable[[Person], Person]]] = {
    Hardship.BEARD: _bearded,
    Hardship.MAKE_UP: _made_up,
    Hardship.SMILE: _smiling,
}
_POSES: Final[Mapping[Hardship, Pose]] = {
    Hardship.TURNED_LEFT: Pose(-3, 2, 0, -15, 0.95),
    Hardship.TURNED_RIGHT: Pose(3, 0, 0, 15, 0.95),
    Hardship.TILTED_LEFT: Pose(0, 0, -12, 3, 0.90),
    Hardship.TILTED_RIGHT: Pose(0, 0, 12, 0, 0.90),
}


def face_hardships(subject: Subject) -> Mapping[Hardship, Seen]:
    """Photograph one person with every hardship and ask detector and gate."""
    rng = np.random.default_rng([31, *subject.rng_seed])
    baseline = take(subject.person, aim(subject, Pose(), rng))
    return {hardship: _see(subject, hardship, baseline, rng) for hardship in Hardship}


def _see(
    subject: Subject, hardship: Hardship, baseline: SrgbImage, rng: np.random.Generator
) -> Seen:
    change = _PEOPLE.get(hardship)
    person = change(subject.person) if change else subject.person
    photo = take(person, aim(subject, _POSES.get(hardship, _STRAIGHT), rng))
    match hardship:
        case Hardship.GLASSES:
            photo = _with_glasses(photo, subject.person)
        case Hardship.HEADSCARF:
            photo = _with_headscarf(photo)
        case Hardship.FRINGE:
            photo = _with_fringe(photo, subject.person, rng)
        case Hardship.MIRRORED:
            photo = SrgbImage(np.ascontiguousarray(photo.pixels[:, ::-1]))
    try:
        find_face(photo)
    except Unmeasurable as unmeasurable:
        return Seen(found=False, faults=(unmeasurable.fault,))
    return Seen(found=True, faults=judge_photo(photo, baseline).faults)


def _at(photo: SrgbImage, points: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
    """Points of the face plane (mm from between the pupils) in a photo taken straight on."""
    width, height = photo.size
    per_mm = height / FRAME_HEIGHT_MM * _STRAIGHT.scale
    places = [(width / 2 + x * per_mm, height / 2 + (y - 37.0) * per_mm) for x, y in points]
    return np.rint(places).astype(np.int32)


def _painted(
    photo: SrgbImage, cover: NDArray[np.float32], colour: _Colour, opacity: float = 1.0
) -> SrgbImage:
    share = opacity * cv2.GaussianBlur(cover, (0, 0), 1.2)[..., np.newaxis]
    mixed = photo.pixels * (1 - share) + np.array(colour, np.float32) * share
    return SrgbImage(mixed.astype(np.float32))


def _with_glasses(photo: SrgbImage, person: Person) -> SrgbImage:
    """A dark frame around both eyes, its bridge, and a window mirrored in each lens."""
    frame, shine = (np.zeros(photo.pixels.shape[:2], np.float32) for _ in range(2))
    thick = max(2, round(photo.size[1] / 276.0 * 2.5))
    pupil = person.proportions.pupil_distance / 2
    for side in (-1, 1):
        lens = [(side * pupil + x, 2 + y) for x, y in _oval(24.0, 18.0)]
        cv2.polylines(frame, [_at(photo, lens)], isClosed=True, color=1.0, thickness=thick)
        glint = [(side * pupil + x, y) for x, y in ((7, -11), (15, -11), (12, -4), (4, -4))]
        cv2.fillPoly(shine, [_at(photo, glint)], 1.0)
    bridge = _at(photo, [(-pupil + 23, 0), (0, -4), (pupil - 23, 0)])
    cv2.polylines(frame, [bridge], isClosed=False, color=1.0, thickness=thick)
    return _painted(_painted(photo, frame, _FRAME), shine, (0.95, 0.97, 1.0), 0.5)


def _oval(half_width: float, half_height: float) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return [(half_width * float(np.cos(a)), half_height * float(np.sin(a))) for a in angles]


def _with_headscarf(photo: SrgbImage) -> SrgbImage:
    """Cloth over hair, ears and neck; the face is left free from forehead to chin."""
    cover = np.zeros(photo.pixels.shape[:2], np.float32)
    around = [(x, y + 30) for x, y in _oval(100.0, 150.0)]
    below = [(-120, 90), (120, 90), (150, 260), (-150, 260)]
    for outline in (around, below):
        cv2.fillPoly(cover, [_at(photo, outline)], 1.0)
    cv2.fillPoly(cover, [_at(photo, [(x, y + 26) for x, y in _oval(64.0, 92.0)])], 0.0)
    return _painted(photo, cover, _CLOTH)


def _with_fringe(photo: SrgbImage, person: Person, rng: np.random.Generator) -> SrgbImage:
    """Strands from the hairline to the brows."""
    strands = np.zeros(photo.pixels.shape[:2], np.float32)
    for x in rng.uniform(-62, 62, 420):
        end = (x + rng.normal(0, 5), rng.uniform(-32, -20))
        cv2.polylines(
            strands, [_at(photo, [(x, -80), end])], isClosed=False, color=1.0, thickness=3
        )
    red, green, blue = (float(share) ** (1 / 2.2) for share in person.hair_colour)
    return _painted(photo, strands, (red, green, blue), 0.9)


def write_table(subjects: Sequence[Subject], seen: Sequence[Mapping[Hardship, Seen]]) -> str:
    """Faces found and photos accepted, a row for every hardship, a column for every tone class."""
    head = ["found, accepted of people", *(f"{tone.ita:.0f}°" for tone in TONES)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for hardship in Hardship:
        cells = [_cell([s[hardship] for s in _of(tone.ita, subjects, seen)]) for tone in TONES]
        lines.append(f"| {hardship} | " + " | ".join(cells) + " |")
    totals = [[one for s in _of(tone.ita, subjects, seen) for one in s.values()] for tone in TONES]
    lines.append("| all | " + " | ".join(_cell(total) for total in totals) + " |")
    refused = [
        f"{hardship} at ITA {subject.tone.ita:.0f}° as {', '.join(one.faults)}"
        for subject, photos in zip(subjects, seen, strict=True)
        for hardship, one in photos.items()
        if one.faults
    ]
    return "\n".join([*lines, "", f"Refused: {'; '.join(refused) or 'none'}."]) + "\n"


def _of(
    ita: float, subjects: Sequence[Subject], seen: Sequence[Mapping[Hardship, Seen]]
) -> list[Mapping[Hardship, Seen]]:
    return [s for subject, s in zip(subjects, seen, strict=True) if subject.tone.ita == ita]


def _cell(photos: Sequence[Seen]) -> str:
    found, accepted = sum(s.found for s in photos), sum(not s.faults for s in photos)
    return f"{found}, {accepted} of {len(photos)}"


if __name__ == "__main__":
    run_benchmark("hardships", face_hardships, write_table)
