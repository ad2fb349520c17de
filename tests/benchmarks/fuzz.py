"""Coverage-guided fuzzing of what strangers send: `python -m tests.benchmarks.fuzz DOOR`.

The doors are `decode` (every picture format), `course` (course.toml) and `protocol`. It needs
`atheris`, which is not among the pins: `pip install --only-binary :all: atheris` (3.0.0 was used).
It ends with the first input that does anything but read or refuse, takes ten seconds or 1.5 GB; the
input is then in the folder `out`.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

atheris = importlib.import_module("atheris")
with atheris.instrument_imports(include=["analysis", "tracker"]):
    from analysis import decode_photo, to_stored_form
    from analysis.errors import Unmeasurable
    from tests.analysis.containers.test_hostile import FORMATS
    from tracker.domain.own_data.course_folders import CourseError, parse_course
    from tracker.domain.protocols.protocol_text import parse_protocol
    from tracker.domain.protocols.protocols import ProtocolError
    from tracker.storage.protocols import protocol_files

COURSES = Path("sample_images")
LARGEST = 40_000


def main() -> None:
    """Fuzz one door."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz")
    parser.add_argument("door", choices=DOORS)
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    door, seeds = DOORS[options.door]
    Path("out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        limits = ["-timeout=10", "-rss_limit_mb=1500", f"-max_len={LARGEST}", "-close_fd_mask=2"]
        run = [
            f"-max_total_time={options.seconds}",
            "-artifact_prefix=out/",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *limits, *run, corpus], door)
        atheris.Fuzz()


def _decode(data: bytes) -> None:
    try:
        decode_photo(to_stored_form(data).data)
    except Unmeasurable:
        return


def _course(data: bytes) -> None:
    try:
        parse_course(data.decode(errors="replace"))
    except CourseError:
        return


def _protocol(data: bytes) -> None:
    try:
        parse_protocol(data.decode(errors="replace"), "fuzzed")
    except ProtocolError:
        return


def _pictures() -> Iterator[bytes]:
    return (make() for make in FORMATS.values())


def _courses() -> Iterator[bytes]:
    return (path.read_bytes() for path in COURSES.glob("*/course.toml"))


def _protocols() -> Iterator[bytes]:
    return (protocol_files.shipped_text(kind).encode() for kind in protocol_files.shipped_kinds())


DOORS: Mapping[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "decode": (_decode, _pictures),
    "course": (_course, _courses),
    "protocol": (_protocol, _protocols),
}


if __name__ == "__main__":
    main()
