"""`python -m tests.benchmarks.measurement`: take the photos, measure them, print the tables."""

import argparse
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from analysis.light.skin_optics import TONES
from tests.benchmarks.measurement.faces import rehearse_faces
from tests.benchmarks.measurement.people import Split, invite
from tests.benchmarks.measurement.rehearsal import Notes, Task, calibrate_naive, rehearse
from tests.benchmarks.measurement.spectra import fit_spectra, stray_from_the_model
from tests.benchmarks.measurement.tables import lay_out, lay_out_lifelike

_METHOD = Path("analysis/METHOD.md")
_BLOCK = "bench-measurement"
_BLOCK_LIFELIKE = "bench-measurement.lifelike"


def main() -> None:
    """Run the benchmark as the command line says."""
    options = _read_options()
    split = Split(options.split)
    per_tone = 1 if options.quick else options.people
    people = invite(split, per_tone, lifelike=options.lifelike)
    if options.quick:
        people = [subject for subject in people if subject.tone in TONES[1::2]]
    card, faulty = not options.quick, not options.quick and not options.lifelike
    tasks = [Task(subject, rounds=1, card=card, faulty=faulty) for subject in people]
    notes = Notes()
    with get_context("spawn").Pool(options.processes) as pool:
        for part in tqdm(pool.imap_unordered(rehearse, tasks), total=len(tasks), unit="person"):
            notes = notes + part
    heading = _heading(options, split, len(people))
    text = f"{heading}\n{_tables(notes, options)}"
    print(text)
    if options.write:
        _write(text, _BLOCK_LIFELIKE if options.lifelike else _BLOCK)


def _tables(notes: Notes, options: argparse.Namespace) -> str:
    if options.lifelike:
        return lay_out_lifelike(notes)
    report = [lay_out(notes, calibrate_naive()), stray_from_the_model()]
    if options.spectra:
        report.append(fit_spectra(options.spectra))
    if options.faces:
        report.append(rehearse_faces(options.faces))
    return "\n".join(report)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.measurement")
    parser.add_argument("--quick", action="store_true", help="four people, skin and history only")
    parser.add_argument(
        "--lifelike", action="store_true", help="people and phones unlike the model"
    )
    parser.add_argument("--write", action="store_true", help=f"put the tables into {_METHOD}")
    parser.add_argument("--split", choices=[s.value for s in Split], default=Split.HELD_OUT.value)
    parser.add_argument("--people", type=int, default=2, help="of every tone class")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--spectra", type=Path, help="CSV: subject, then reflectance 400..700 nm")
    parser.add_argument("--faces", type=Path, help="folder of photos of real faces")
    return parser.parse_args()


def _heading(options: argparse.Namespace, split: Split, people: int) -> str:
    flags = [flag for flag in ("quick", "lifelike", "write") if getattr(options, flag)]
    given = [] if options.quick else [f"--people {options.people}"]
    given += [f"--{name} {name.upper()}" for name in ("spectra", "faces") if getattr(options, name)]
    command = " ".join(
        ["python -m tests.benchmarks.measurement", *(f"--{f}" for f in flags), *given]
    )
    return f"`{command}`, {people} people of the {split.value.replace('_', '-')} split.\n"


def _write(text: str, block: str) -> None:
    begin, end = f"<!-- {block}: begin -->", f"<!-- {block}: end -->"
    method = _METHOD.read_text(encoding="utf-8")
    before, _, rest = method.partition(begin)
    _, _, after = rest.partition(end)
    _METHOD.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
