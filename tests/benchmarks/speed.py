"""What judging and measuring a photo costs, in the time that merely decoding it takes.

`python -m tests.benchmarks.speed [--quick] [--rounds N] [--write]` prints CPU time as multiples of
F: read the file and decode it with OpenCV (HEIC: with libheif) into 8 bits, in one thread. Every
round does F and the work in turn in one process; the median of the ratios counts. `--quick` takes
12-megapixel JPEGs alone; `--write` keeps the tables in `analysis/PERFORMANCE.md`.
`--long` measures the memory after 100 photos instead of three, and `--processes` how many photos
one process and two get through. `--readings TONES` compares instead what is read in photos that
were halved as they were decoded with what is read in the same photos decoded whole.
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np
import pi_heif
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from analysis import (
    VERSION,
    KnownPhotos,
    analyse_photo,
    decode_photo,
    judge_photo,
    to_stored_form,
)
from analysis.face.faces import find_face
from analysis.face.regions import FACE_REGIONS
from analysis.images import SrgbImage, to_bytes
from analysis.light.skin_optics import TONES
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.cards import CardInHand
from analysis.scenes.head.changes import SkinState
from tests.benchmarks.measurement.people import Split, invite
from tracker.domain.course.treatments import Region
from tracker.wires.compute import Analysed, analyse_bytes, recalling
from tracker.wires.photo_files import HANDED_ON, PhotoFiles, Picture
from tracker.wires.processes import LocalProcesses

_KEPT: Final = Path("analysis/PERFORMANCE.md")
_MARKS: Final = ("<!-- bench-speed: begin -->", "<!-- bench-speed: end -->")
_RENDERED: Final = (1440, 1920)
_SENSORS: Final = {2: (1224, 1632), 5: (1932, 2576), 12: (3024, 4032), 24: (4284, 5712)}
_GRAIN: Final = 3.0  # codes of 8 bits: a phone indoors, after its noise filter
_PHOTOS_EACH: Final = 24  # of a process, to compare their number
_AREAS: Final = frozenset(Region) - {Region.FACE}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo and the one from before, as files; `name` says what they are."""

    name: str
    photo: bytes
    baseline: bytes


def good_pairs(*, quick: bool) -> Iterator[Pair]:
    """Photos that are measured, in every size and format that is asked for."""
    for size in [12] if quick else _SENSORS:
        photo, before = (enlarged(_shot(day), size, day) for day in (1, 0))
        yield Pair(f"{size} MP JPEG", jpeg(photo), jpeg(before))
    photo, before = (enlarged(_shot(day, card=True), 12, day) for day in (1, 0))
    yield Pair("12 MP JPEG, card in both", jpeg(photo), jpeg(before))
    if quick:
        return
    photo, usual = enlarged(_shot(1), 12, 1), jpeg(enlarged(_shot(0), 12, 0))
    yield Pair("12 MP JPEG, smooth", jpeg(enlarged(_shot(1), 12, 1, grain=0.0)), usual)
    yield Pair("12 MP HEIC", _heic(photo), usual)
    yield Pair("12 MP PNG", _file(photo, "PNG", compress_level=3), usual)


def refused_pairs() -> Iterator[Pair]:
    """Photos of 12 megapixels that the gate refuses."""
    photo, before = enlarged(_shot(1), 12, 1), jpeg(enlarged(_shot(0), 12, 0))
    yield Pair("blurred", jpeg(cv2.GaussianBlur(photo, (0, 0), 25).astype(np.uint8)), before)
    yield Pair("too dark", jpeg((photo // 24).astype(np.uint8)), before)
    yield Pair("other person", jpeg(enlarged(_shot(1, guest=3), 12, 1)), before)
    yield Pair("no face", jpeg(np.ascontiguousarray(photo[::-1])), before)


@cache
def _shot(day: int, *, card: bool = False, guest: int = 2) -> SrgbImage:
    subject = invite(Split.HELD_OUT, 1)[guest]
    pose = Pose(right_mm=3.0 * day, yaw_degrees=2.0 * day, scale=0.75 if card else 0.95)
    in_hand = CardInHand() if card else None
    shot = Shot(camera=subject.cameras[0], pose=pose, size=_RENDERED, card=in_hand, seed=day)
    return photograph(
        subject.person, SkinState(redness=dict.fromkeys(FACE_REGIONS, 0.8 * day)), shot
    ).image


def enlarged(photo: SrgbImage, megapixels: int, seed: int, grain: float = _GRAIN) -> Pixels:
    """The photo as a phone's sensor has it: 8 bits, with grain of its own."""
    size = _SENSORS[megapixels]
    large = cv2.resize(to_bytes(photo.pixels), size, interpolation=cv2.INTER_CUBIC)
    noise = np.zeros(large.shape, np.int16)
    cv2.setRNGSeed(seed)
    cv2.randn(noise, np.zeros(3), np.full(3, 1.6 * grain))
    return cv2.add(large, cv2.GaussianBlur(noise, (0, 0), 0.6), dtype=cv2.CV_8U).astype(np.uint8)


def _file(pixels: Pixels, kind: str, **options: int) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(pixels: Pixels) -> bytes:
    return _file(pixels, "JPEG", quality=95)


def _heic(pixels: Pixels) -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(buffer, quality=80)
    return buffer.getvalue()


def _decode_alone(path: Path) -> Callable[[], object]:
    """F for this file."""
    if path.read_bytes()[4:8] == b"ftyp":
        return lambda: np.asarray(pi_heif.open_heif(path.read_bytes(), convert_hdr_to_8bit=True))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    buffer = cv2.imread(str(path), flags)
    if buffer is None:
        raise SystemExit(f"OpenCV cannot read {path}")
    return lambda: cv2.imread(str(path), buffer, flags)


def _judge(pair: Pair, files: PhotoFiles) -> tuple[str, ...]:
    """The gate, and if it accepts the photo, its encrypted file."""
    of_before = files.load("before", Picture.PHOTO)
    once = recalling(find_face, [(of_before, [files.known("before")])])
    form = to_stored_form(pair.photo).data
    image = once.open(form)
    before = once.open(of_before, is_whole=True)
    faults = judge_photo(image, before, once).faults
    if not faults:
        once.card(image)  # it may show which side is left
        files.save("photo", Picture.PHOTO, form)
        files.save_known("photo", once.tell(image, VERSION, against=before))
        files.save_known("photo", once.hand_on(image, VERSION, against=before), HANDED_ON)
    return tuple(str(fault) for fault in faults)


def _measure(pair: Pair, files: PhotoFiles) -> Analysed:
    """What the worker does with a stored photo, and its encrypted pictures."""
    stored = files.load("photo", Picture.PHOTO)
    found = analyse_bytes(
        stored,
        files.load("before", Picture.PHOTO),
        _AREAS,
        known=[files.known("photo", HANDED_ON), files.known("photo")],
        known_before=[files.known("before")],
    )
    if not isinstance(found, Analysed):
        raise SystemExit(f"{pair.name} cannot be measured: {found.fault}")
    for picture, data in found.pictures.items():
        files.save("photo", picture, data)
    if found.known_before:
        files.save_known("before", found.known_before)
    return found


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians: F in milliseconds; gate and measuring in F; kilobytes uploaded, kept and drawn."""

    alone: float
    gate: float
    measuring: float
    kilobytes: tuple[float, float, float]
    faults: tuple[str, ...]


def cost_of(pair: Pair, rounds: int) -> Cost:
    """What a pair costs; measuring is 0 where the gate refuses."""
    with tempfile.TemporaryDirectory() as folder:
        files = PhotoFiles(folder, b"\0" * 32)
        _keep_before(pair, files)
        upload = Path(folder) / "upload"
        upload.write_bytes(pair.photo)
        decode = _decode_alone(upload)
        decode()
        faults = _judge(pair, files)  # once for what a process computes once
        drawn = {} if faults else _measure(pair, files).pictures
        alone, gate, measuring = list[float](), list[float](), list[float]()
        for _ in range(rounds):
            alone.append(_seconds(decode))
            gate.append(_seconds(lambda: _judge(pair, files)) / alone[-1])
            if not faults:
                measuring.append(_seconds(lambda: _measure(pair, files)) / alone[-1])
        kept = 0 if faults else len(files.load("photo", Picture.PHOTO))
    sizes = (len(pair.photo), kept, sum(map(len, drawn.values())))
    uploaded, kept_size, drawn_size = (size / 1000 for size in sizes)
    return Cost(
        1000 * median(alone),
        median(gate),
        median(measuring or [0.0]),
        (uploaded, kept_size, drawn_size),
        faults,
    )


def _peak(pair: Pair, times: int, *, measuring: bool) -> float:
    """Megabytes that a fresh process holds at most while it judges, or measures, some times."""
    child = [sys.executable, "-m", "tests.benchmarks.speed", "--peak"]
    sent = pickle.dumps((pair, times, measuring))
    done = subprocess.run(child, input=sent, capture_output=True, check=True)
    return int(done.stdout) / 1000


def _print_peak() -> None:
    pair, times, measuring = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 (from `_peak`)
    with tempfile.TemporaryDirectory() as folder:
        files = PhotoFiles(folder, b"\0" * 32)
        files.save("before", Picture.PHOTO, pair.baseline)
        files.save("photo", Picture.PHOTO, pair.photo)
        for _ in range(times):
            (_measure if measuring else _judge)(pair, files)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    sys.stdout.write(status.split("VmHWM:")[1].split()[0])


def write_tables(*, quick: bool, rounds: int, photos: int) -> str:
    """All tables, as Markdown."""
    lines = ["| photo | F, ms | gate, F | measuring, F | both, F | KB: upload, kept, drawn |"]
    lines += ["|---|---|---|---|---|---|"]
    peaks = []
    for pair in good_pairs(quick=quick):
        cost = cost_of(pair, rounds)
        sizes = ", ".join(f"{size:.0f}" for size in cost.kilobytes)
        both = cost.gate + cost.measuring
        times = f"{cost.gate:.1f} | {cost.measuring:.1f} | {both:.1f}"
        lines.append(f"| {pair.name} | {cost.alone:.0f} | {times} | {sizes} |")
        if pair.name == "12 MP JPEG":
            peaks = [_peak(pair, photos, measuring=each) for each in (False, True)]
    lines += ["", "| refused, 12 MP | gate, F | for |", "|---|---|---|"]
    for pair in refused_pairs():
        cost = cost_of(pair, rounds)
        lines.append(f"| {pair.name} | {cost.gate:.1f} | {', '.join(cost.faults) or 'accepted'} |")
    lines += [
        "",
        f"Peak memory of a process after {photos} photos of 12 MP: gate {peaks[0]:.0f} MB,",
    ]
    lines[-1] += f" measuring {peaks[1]:.0f} MB."
    return "\n".join(lines) + "\n"


def compare_processes() -> str:
    """How many photos of 12 megapixels one process and two measure in a minute, by the clock.

    Mere decoding is the measure of what the machine gains by its second core.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = _given(next(good_pairs(quick=True)), PhotoFiles(folder, b"\0" * 32))
    lines = []
    for name, work in (("measured", _measured), ("decoded ten times", _decoded)):
        paces = []
        for workers in (1, 2):
            with LocalProcesses(workers) as compute:
                list(compute.map(work, [given] * 2 * workers))  # for what it computes once
                began = time.monotonic()
                list(compute.map(work, [given] * (_PHOTOS_EACH * workers)))
                paces.append(60 * _PHOTOS_EACH * workers / (time.monotonic() - began))
        one, two = paces
        lines.append(f"Photos {name} a minute: one process {one:.0f}, two {two:.0f}, ")
        lines[-1] += f"which is {two / one:.2f} x.\n"
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the worker hands to a process."""

    photo: bytes
    baseline: bytes
    known: tuple[bytes, bytes]
    known_before: bytes


def _given(pair: Pair, files: PhotoFiles) -> _Given:
    _keep_before(pair, files)
    _judge(pair, files)
    photo, before = (files.load(name, Picture.PHOTO) for name in ("photo", "before"))
    known = files.known("photo", HANDED_ON), files.known("photo")
    return _Given(photo, before, known, files.known("before"))


def _keep_before(pair: Pair, files: PhotoFiles) -> None:
    """The photo from before, with what the worker tells of it when it measures it first."""
    before = to_stored_form(pair.baseline).data
    files.save("before", Picture.PHOTO, before)
    alone = analyse_bytes(before, before, _AREAS)
    if not isinstance(alone, Analysed):
        raise SystemExit(f"{pair.name}, before: {alone.fault}")
    files.save_known("before", alone.known_before)


def _measured(given: _Given) -> str:
    found = analyse_bytes(
        given.photo,
        given.baseline,
        _AREAS,
        known=given.known,
        known_before=[given.known_before],
    )
    return type(found).__name__


def _decoded(given: _Given) -> None:
    coded = np.frombuffer(given.photo, np.uint8)
    for _ in range(10):
        cv2.imdecode(coded, cv2.IMREAD_COLOR)


def compare_readings(tones: int) -> str:
    """Readings of photos opened as the product does, against those of the same decoded whole."""
    lines = ["| ITA | verdicts | redness moves by at most | pigment |", "|---|---|---|---|"]
    for guest in range(0, len(TONES), max(1, len(TONES) // tones)):
        files = [jpeg(enlarged(_shot(day, guest=guest), 12, day)) for day in (1, 0)]
        once = KnownPhotos(find_face)
        both = [[once.open(f) for f in files], [decode_photo(f) for f in files]]
        verdicts = [judge_photo(photo, before, once).faults for photo, before in both]
        ours, plain = (analyse_photo(photo, before, find=once).regions for photo, before in both)
        cells = [
            max((abs(read(ours[r]).value - read(plain[r]).value), read(plain[r]).sd) for r in plain)
            for read in (attrgetter("redness"), attrgetter("pigment"))
        ]
        moved = " | ".join(f"{gap:.3f} ({gap / sd:.2f} sd)" for gap, sd in cells)
        told = "alike" if verdicts[0] == verdicts[1] else f"{verdicts}"
        lines.append(f"| {TONES[guest].ita:.0f}° | {told} | {moved} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the tables, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed")
    parser.add_argument("--quick", action="store_true", help="12-megapixel JPEGs alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {_KEPT}")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--long", action="store_true", help="memory after 100 photos")
    parser.add_argument("--processes", action="store_true", help="compare one process with two")
    parser.add_argument("--readings", type=int, metavar="TONES", help="compare readings instead")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.readings:
        sys.stdout.write(compare_readings(options.readings))
        return
    if options.processes:
        sys.stdout.write(compare_processes())
        return
    if options.peak:
        _print_peak()
        return
    photos = 100 if options.long else 3
    text = write_tables(quick=options.quick, rounds=options.rounds, photos=photos)
    sys.stdout.write(text)
    if options.write:
        before, _, rest = _KEPT.read_text(encoding="utf-8").partition(_MARKS[0])
        _, _, after = rest.partition(_MARKS[1])
        _KEPT.write_text(f"{before}{_MARKS[0]}\n{text}{_MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
