"""Measure photos against their baseline: `python -m analysis PHOTO --baseline PHOTO`.

Readings go to standard output as JSON. A photo that cannot be measured ends with status 2 and one
line on standard error that names the fault and its remedy.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from analysis import VERSION, analyse_photo, decode_photo, draw_evidence, judge_photo
from analysis.errors import Fault, Unmeasurable
from analysis.face.regions import FACE_REGIONS, Region
from analysis.images import SrgbImage
from analysis.lab.steps import draw_steps
from analysis.lab.time_lapse import Day, animate, draw_frames
from analysis.marked_areas import MarkedAreas
from analysis.pipeline import Analysis

_REFUSED: Final = 2
_REMEDIES: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.UNREADABLE: "give a whole JPEG, PNG, WebP, HEIC or AVIF picture",
        Fault.TOO_LARGE: "give a picture of at most 40 MB and 100 megapixels",
        Fault.MOVING: "give a photo that does not move",
        Fault.TOO_COSTLY: "save it as a plain JPEG: it takes too much work or memory to open",
        Fault.UNKNOWN_COLOURS: "save it with colours in sRGB, or give a plain JPEG",
        Fault.NO_FACE: "take the face from the front, hair and hands away from it",
        Fault.SEVERAL_FACES: "take one person alone",
        Fault.FACE_TOO_SMALL: "come closer: the face must be at least 320 pixels wide",
        Fault.TURNED_AWAY: "look straight into the camera",
        Fault.BLURRED: "wipe the lens, hold still and let the camera focus on the face",
        Fault.TOO_DARK: "turn to a window or switch a lamp on",
        Fault.TOO_BRIGHT: "leave direct sun and switch the flash off",
        Fault.UNEVEN_LIGHT: "face the window so that both sides of the face are lit",
        Fault.COLOUR_CAST: "use daylight or white lamps, no filters, no coloured lamps",
        Fault.OCCLUDED: "uncover the face: no hand, hair, mask or glasses over treated skin",
        Fault.DIFFERENT_PERSON: "give two photos of the same person in the same pose",
    }
)


class _NotMeasured(Exception):  # noqa: N818  (an answer, not a programming error)
    """One line that says which picture cannot be measured, why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    treated = frozenset(Region(name) for name in options.treated) or FACE_REGIONS
    try:
        baseline = _read(options.baseline, None)
        marked = _marked(options)
        days = [_measure(path, baseline, treated, marked) for path in options.photos]
        if options.evidence is not None:
            _write_pictures(options.evidence, days, baseline)
        if options.time_lapse is not None:
            _write_time_lapse(options.time_lapse, days, baseline)
    except _NotMeasured as refusal:
        print(refusal, file=sys.stderr)
        return _REFUSED
    readings = [_readings(day.analysis) for day in days]
    print(json.dumps(readings[0] if len(readings) == 1 else readings, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Measure redness and pigment of a face against its baseline photo. Readings "
        "go to standard output as JSON, in doublings of blood and melanin; those of several photos "
        "as a list.",
        epilog="Exit status: 0 measured; 2 refused, with the fault and its remedy in one line.",
    )
    parser.add_argument(
        "photos", metavar="PHOTO", type=Path, nargs="+", help="a photo to measure, in time order"
    )
    parser.add_argument(
        "--baseline",
        metavar="PHOTO",
        type=Path,
        required=True,
        help="a photo of the same face before treatment",
    )
    parser.add_argument(
        "--treated",
        metavar="REGION",
        nargs="+",
        default=[],
        choices=[str(region) for region in Region],
        help=f"treated parts of the face, of {', '.join(Region)}; all if left out. "
        "Skin that was not treated carries the comparison of light.",
    )
    for name, meaning in (("treated", "what was treated"), ("untreated", "skin to compare by")):
        parser.add_argument(
            f"--{name}-area",
            metavar="X,Y",
            nargs="+",
            type=_corner,
            action="append",
            default=[],
            help=f"corners of an area on the baseline photo, {meaning}, in shares of its width and "
            "height from 0 to 1; may be given more than once and rules over what is found",
        )
    parser.add_argument(
        "--evidence",
        metavar="FOLDER",
        type=Path,
        help="also write a picture of every step and of the result into this folder; of several "
        "photos each into one of its own, numbered",
    )
    parser.add_argument(
        "--time-lapse",
        metavar="FILE",
        type=Path,
        help="also write the baseline and all photos, laid onto it and in its light, as an "
        "animated WebP",
    )
    return parser


def _measure(
    path: Path, baseline: SrgbImage, treated: frozenset[Region], marked: MarkedAreas
) -> Day:
    photo = _read(path, baseline)
    try:
        return Day(path.stem, photo, analyse_photo(photo, baseline, treated, marked))
    except Unmeasurable as verdict:
        told = _told(verdict.fault)
        if marked.treated and verdict.fault is Fault.OCCLUDED:
            told += "; or outline more skin with --treated-area"
        raise _NotMeasured(f"{path}: {told}") from verdict


def _corner(text: str) -> tuple[float, float]:
    """A corner in shares of width and height; `_marked` checks that it is inside the photo."""
    try:
        across, down = (float(share) for share in text.split(","))
    except ValueError as error:
        message = f"{text!r} is no corner; write it as two shares from 0 to 1, such as 0.4,0.25"
        raise argparse.ArgumentTypeError(message) from error
    return across, down


def _marked(options: argparse.Namespace) -> MarkedAreas:
    treated, untreated = (
        tuple(tuple(corners) for corners in outlines)
        for outlines in (options.treated_area, options.untreated_area)
    )
    try:
        return MarkedAreas(treated, untreated)
    except ValueError as error:
        raise _NotMeasured(f"--treated-area or --untreated-area: {error}") from error


def _read(path: Path, baseline: SrgbImage | None) -> SrgbImage:
    """A decoded picture that passes the gate."""
    try:
        image = decode_photo(path.read_bytes())
        quality = judge_photo(image, baseline)
    except OSError as error:
        raise _NotMeasured(f"{path}: {error.strerror}; name a picture that exists") from error
    except Unmeasurable as verdict:
        raise _NotMeasured(f"{path}: {_told(verdict.fault)}") from verdict
    if not quality.acceptable:
        raise _NotMeasured(f"{path}: {_told(*quality.faults)}")
    return image


def _told(*faults: Fault) -> str:
    return "; ".join(f"{fault}: {_REMEDIES[fault]}" for fault in faults)


def _write_pictures(folder: Path, days: Sequence[Day], baseline: SrgbImage) -> None:
    for place, day in enumerate(days, 1):
        drawn = {
            **draw_steps(day.analysis, day.photo, baseline),
            **draw_evidence(day.analysis, day.photo, baseline),
        }
        own = folder if len(days) == 1 else folder / f"{place:02}-{day.caption}"
        for number, (name, data) in enumerate(drawn.items(), 1):
            _write(own / f"{number:02}-{name}.jpg", data)


def _write_time_lapse(path: Path, days: Sequence[Day], baseline: SrgbImage) -> None:
    _write(path, animate(list(draw_frames(baseline, days))))


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}; name a place that can be written"
        raise _NotMeasured(message) from error


def _readings(analysis: Analysis) -> Mapping[str, Any]:
    asymmetry = analysis.asymmetry
    return {
        "method": VERSION,
        "reference": analysis.reference,
        "warnings": analysis.warnings,
        "mirrored": analysis.mirrored,
        "residual": None if math.isnan(analysis.residual) else analysis.residual,
        "asymmetry": None if asymmetry is None else asdict(asymmetry),
        "regions": {region: asdict(reading) for region, reading in analysis.regions.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
