"""The results of a rehearsal as the tables that METHOD.md shows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.light.chromophores import Reference
from analysis.light.skin_optics import TONES
from tests.benchmarks.measurement.days import Purpose
from tests.benchmarks.measurement.people import LIGHT_TONE
from tests.benchmarks.measurement.rehearsal import NaivePair, Notes, Reading

Floats = NDArray[np.float64]

_INSIDE: Final = 1.959964  # standard deviations either side of a 95 % interval
_MORE_MELANIN, _MORE_BLOOD = "melanin x1.5", "blood x2"
_STILL_BARS: Final = {Reference.CARD: 0.15, Reference.SKIN: 0.25}


@dataclass(frozen=True, slots=True)
class _Scores:
    """How close a set of readings comes to the truth."""

    count: int
    slope: float
    redness_error: float
    pigment_error: float
    redness_covered: float
    pigment_covered: float
    melanin_as_redness: float
    blood_as_pigment: float
    twice_the_blood: float


def lay_out(notes: Notes, naive_scale: float) -> str:
    """All tables, as Markdown."""
    mixed = [r for r in notes.readings if r.purpose is Purpose.MIXED]
    parts = ["#### By reference and tone class\n", _by_tone(mixed)]
    parts += ["#### By light (median error of redness / pigment, doublings)\n", _by_light(mixed)]
    parts += ["#### By what changed between the two days\n", _by_sameness(mixed)]
    parts += ["#### Against the naive reading (mean a\\* of the face's box)\n"]
    parts += [_against_naive(mixed, notes.naive, naive_scale)]
    parts += ["#### Nothing changed but light and phone: largest |redness| of the whole face\n"]
    parts += [_still(notes.readings), "#### The gate\n", _gate(notes)]
    return "\n".join(parts)


def lay_out_lifelike(notes: Notes) -> str:
    """The tables of people and phones unlike the model, as Markdown."""
    parts = ["#### By reference and tone class\n", _by_tone(notes.readings)]
    parts += ["#### By what changed between the two days\n", _by_sameness(notes.readings)]
    parts += ["#### The gate\n", _gate(notes)]
    return "\n".join(parts)


def _score(readings: Sequence[Reading]) -> _Scores:
    truth = np.array([(r.truth.redness, r.truth.pigment) for r in readings])
    value = np.array([(r.redness.value, r.pigment.value) for r in readings])
    sd = np.array([(r.redness.sd, r.pigment.sd) for r in readings])
    error = np.abs(value - truth)
    covered = (error < _INSIDE * sd).mean(axis=0)
    redness_error, pigment_error = np.median(error, axis=0)
    darker = np.array([r.change == _MORE_MELANIN for r in readings])
    redder = np.array([r.change == _MORE_BLOOD for r in readings])
    return _Scores(
        count=len(readings),
        slope=_slope(truth[:, 0], value[:, 0]),
        redness_error=float(redness_error),
        pigment_error=float(pigment_error),
        redness_covered=float(covered[0]),
        pigment_covered=float(covered[1]),
        melanin_as_redness=_median(value[darker, 0]),
        blood_as_pigment=_median(value[redder, 1]),
        twice_the_blood=_median(value[redder, 0]),
    )


def _slope(truth: Floats, value: Floats) -> float:
    if np.ptp(truth) == 0:
        return float("nan")
    return float(np.polyfit(truth, value, 1)[0])


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _by_tone(mixed: Sequence[Reading]) -> str:
    head = (
        "reference", "ITA", "readings", "slope", "redness error", "pigment error",
        "redness in 95 %", "pigment in 95 %", "melanin ×1.5 as redness", "blood ×2 as pigment",
        "blood ×2 as redness",
    )  # fmt: skip
    rows = []
    for reference in Reference:
        errors = []
        for ita in (*(tone.ita for tone in TONES), None):
            chosen = [
                r for r in mixed if r.reference is reference and (ita is None or r.ita == ita)
            ]
            if len(chosen) < 10:
                continue
            score = _score(chosen)
            if ita is not None:
                errors.append(score.redness_error)
            rows.append(_score_row(reference, "all" if ita is None else f"{ita:.0f}°", score))
        if errors:
            worst = max(errors) / min(errors)
            rows.append([reference.value, "worst / best", "", "", f"{worst:.1f}", *[""] * 6])
    return _table(head, rows)


def _score_row(reference: Reference, label: str, score: _Scores) -> list[str]:
    return [
        reference.value,
        label,
        str(score.count),
        f"{score.slope:.2f}",
        f"{score.redness_error:.2f}",
        f"{score.pigment_error:.2f}",
        f"{score.redness_covered:.0%}",
        f"{score.pigment_covered:.0%}",
        *(
            "" if np.isnan(value) else f"{value:+.2f}"
            for value in (score.melanin_as_redness, score.blood_as_pigment, score.twice_the_blood)
        ),
    ]


def _by_light(mixed: Sequence[Reading]) -> str:
    lamps = sorted({r.lamp for r in mixed})
    cameras = sorted({r.camera for r in mixed})
    rows = []
    for reference in Reference:
        cells = [reference.value]
        for chosen in (
            *([r for r in mixed if r.lamp == lamp] for lamp in lamps),
            *([r for r in mixed if r.camera == camera] for camera in cameras),
        ):
            cells.append(_errors([r for r in chosen if r.reference is reference]))
        rows.append(cells)
    return _table(("reference", *lamps, *(f"camera {c}" for c in cameras)), rows)


def _by_sameness(mixed: Sequence[Reading]) -> str:
    kinds: tuple[tuple[str, Callable[[Reading], bool]], ...] = (
        ("same lamp and camera", lambda r: r.same_lamp and r.same_camera),
        ("other lamp", lambda r: not r.same_lamp and r.same_camera),
        ("other camera", lambda r: r.same_lamp and not r.same_camera),
        ("both other", lambda r: not r.same_lamp and not r.same_camera),
    )
    rows = [
        [
            reference.value,
            *(_errors([r for r in mixed if r.reference is reference and is_kind(r)])
              for _, is_kind in kinds),
        ]
        for reference in Reference
    ]  # fmt: skip
    return _table(("reference", *(name for name, _ in kinds)), rows)


def _errors(readings: Sequence[Reading]) -> str:
    if len(readings) < 6:
        return "–"
    score = _score(readings)
    return f"{score.redness_error:.2f} / {score.pigment_error:.2f}"


def _against_naive(mixed: Sequence[Reading], pairs: Sequence[NaivePair], scale: float) -> str:
    days = [pair for pair in pairs if pair.purpose is Purpose.MIXED]
    ours = [r for r in mixed if r.region.value == "face"]
    rows = []
    for label, chosen in (
        *((f"{tone.ita:.0f}°", (tone.ita,)) for tone in TONES),
        ("all", tuple(tone.ita for tone in TONES)),
    ):
        naive = [abs(p.a_star / scale - p.truth) for p in days if p.ita in chosen]
        cells = [label, f"{np.median(naive):.2f}" if naive else "–"]
        for reference in (Reference.SKIN, Reference.CARD):
            own = [
                abs(r.redness.value - r.truth.redness)
                for r in ours
                if r.ita in chosen and r.reference is reference
            ]
            known = bool(own and naive)
            cells.append(
                f"{np.median(own):.2f} ({np.median(naive) / np.median(own):.1f}×)" if known else "–"
            )
        rows.append(cells)
    head = ("ITA", "naive error", "ours, skin (times better)", "ours, card (times better)")
    note = f"\nNaive scale: {scale:.2f} a\\* a doubling, from ITA {LIGHT_TONE.ita:.0f}°.\n"
    return _table(head, rows) + note


def _still(readings: Sequence[Reading]) -> str:
    still = [r for r in readings if r.purpose is Purpose.STILL and r.region.value == "face"]
    rows = []
    for reference, bar in _STILL_BARS.items():
        cells = [f"{reference.value} (bar {bar})"]
        for tone in TONES:
            values = [
                abs(r.redness.value)
                for r in still
                if r.reference is reference and r.ita == tone.ita
            ]
            cells.append(f"{max(values):.2f}" if values else "–")
        rows.append(cells)
    return _table(("reference", *(f"{tone.ita:.0f}°" for tone in TONES)), rows)


def _gate(notes: Notes) -> str:
    rows = []
    for kind, is_faulty in (("good photos refused", False), ("bad photos accepted", True)):
        cells = [kind]
        for tone in (*TONES, None):
            verdicts = [
                v
                for v in notes.verdicts
                if (v.fault is not None) is is_faulty and (tone is None or v.ita == tone.ita)
            ]
            wrong = sum(v.accepted is is_faulty for v in verdicts)
            cells.append(f"{wrong} of {len(verdicts)}")
        rows.append(cells)
    missed = sorted({f"{v.fault.value} at ITA {v.ita:.0f}°" for v in notes.verdicts
                     if v.fault and v.accepted})  # fmt: skip
    named = sorted({name for v in notes.verdicts if v.fault is None for name in v.named})
    note = f"\nAccepted though bad: {', '.join(missed) or 'none'}."
    note += f" Good photos were refused as: {', '.join(named) or 'none refused'}."
    note += f" Accepted by nobody and not measurable: {notes.unmeasurable}.\n"
    return _table(("", *(f"{tone.ita:.0f}°" for tone in TONES), "all"), rows) + note


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    cells = list(head)
    lines = ["| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
