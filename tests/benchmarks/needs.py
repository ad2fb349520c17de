"""What judging an upload needs: memory above a process that has just started, and processor.

`python -m tests.benchmarks.needs` judges one face in many sizes and formats, each in a process of
its own, as `receive_photo` has it done. The limits of the sandbox must leave room for all of them.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pillow_heif
from PIL import Image

from analysis.errors import Unmeasurable
from analysis.face.faces import find_face
from tracker.actions.course.receiving import Before, _look
from tracker.domain.course.photos import PhotoRole, SkinState, Upload
from tracker.wires.processes import LocalProcesses

FACE = Path("sample_images/infection_type_6/baseline-1.jpg")
STATUS = Path("/proc/self/status")
FORMATS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "JPEG": ("JPEG", {"quality": 92}),
    "JPEG, progressive": ("JPEG", {"quality": 85, "progressive": True}),
    "HEIC": ("HEIF", {"quality": 60}),
    "WebP": ("WEBP", {"quality": 60, "method": 0}),
    "PNG": ("PNG", {"compress_level": 1}),
}


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.needs")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[2, 12, 24, 48, 98])
    options = parser.parse_args()
    pillow_heif.register_heif_opener()
    sys.stdout.write(f"{'photo':34}{'file':>10}{'memory':>10}{'processor':>11}  verdict\n")
    for name, data in _photos(options.megapixels):
        with LocalProcesses(workers=1) as compute:
            memory, seconds, verdict = compute.submit(judge, data).result()
        sys.stdout.write(
            f"{name:34}{len(data) / 1e6:7.1f} MB{memory:7.0f} MB{seconds:9.1f} s  {verdict}\n"
        )


def judge(photo: bytes) -> tuple[float, float, str]:
    """Memory above the start in MB, seconds of processor, verdict; its baseline is itself."""
    now = datetime.now(UTC)
    upload = Upload(photo, PhotoRole.FOLLOW_UP, now - timedelta(hours=1), SkinState.CLEAN)
    start, began = _megabytes("VmSize"), time.process_time()
    try:
        seen = _look(
            upload, Before(photo), now - timedelta(days=2), ZoneInfo("UTC"), now, find_face
        )
        verdict = type(seen).__name__.strip("_").lower()
    except Unmeasurable as error:
        verdict = str(error)
    return _megabytes("VmPeak") - start, time.process_time() - began, verdict


def _photos(megapixels: list[float]) -> Iterator[tuple[str, bytes]]:
    face = Image.open(FACE)
    for millions in megapixels:
        scale = (millions * 1e6 / (face.width * face.height)) ** 0.5
        size = (int(face.width * scale), int(face.height * scale))
        large = face.resize(size, Image.Resampling.BICUBIC)
        for name, (kind, how) in FORMATS.items():
            file = BytesIO()
            large.save(file, kind, **how)
            yield f"{name}, {millions:g} megapixels", file.getvalue()


def _megabytes(what: str) -> float:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) / 1024


if __name__ == "__main__":
    main()
