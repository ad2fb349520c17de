"""How small an error could be at all, by the Cramér–Rao bound, and how small the program's is.

Days are drawn as numbers, without pictures: spectra, lamps and cameras of the scenes make the log
RGB of face and neck; frame and eyes show the white balance. The bound is that of an observer who
knows the skin, its glare and the lamp of the baseline, but not what changed. The program knows
nothing of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.light.chromophores import Change, Shift, elsewhere, explain
from analysis.light.plausible_skin import estimate_state
from analysis.light.references import UntreatedSkin, compare_days
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone, reflectance
from analysis.scenes.cameras import Camera, channel_weights
from analysis.scenes.lamps import Lamp
from tests.benchmarks.measurement.people import Subject
from tests.benchmarks.runs import run_benchmark

Floats = NDArray[np.float64]

_DAYS: Final = 36  # of every tone and kind of light
_BLOOD: Final = (0.0, 0.0, 0.5, 1.0, 1.0, 2.0)  # doublings
_MELANIN: Final = (0.0, 0.58, -0.51)
# Of each log channel of a region's median: grows as channels get dark, as in the rendered photos.
_MEDIAN_SD: Final = 0.002
_DARK_SD: Final = 2e-4  # linear light
_SHADING_SD: Final = 0.05  # log units, on face and neck apart
_PLACE_SD: Final = 0.006  # of each log channel, by which light differs between face and neck
_BALANCE_SD: Final = 0.04  # of red and blue, of a phone's white balance
_EXPOSURE_SD: Final = 0.3
_GLARE_SD: Final = 0.012  # by which glare changes
_FRAME_SD: Final = (0.02, 0.08)  # of each log channel, in the same and in another light
_EYES_SD: Final = (0.04, 0.07)
_BRIGHTNESS_SD: Final = 0.25  # log units, of the face against white
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])
_PRIOR_SD: Final = 1.5  # doublings of blood that the program expects
_REDNESS: Final = (
    "least sd of redness", "rmse", "stated sd", "slope", "slope at the least sd", "in 95 %",
)  # fmt: skip
_PIGMENT: Final = ("least sd of pigment", "rmse", "stated sd", "slope", "in 95 %")


@dataclass(frozen=True, slots=True)
class Scene:
    """A face and its neck (melanin and blood fractions), and the viewings and glares of two days.

    `blood` and `melanin` are the doublings of the face between them.
    """

    face: tuple[float, float]
    neck: tuple[float, float]
    before: tuple[Camera, Lamp]
    after: tuple[Camera, Lamp]
    glares: tuple[float, float]
    blood: float
    melanin: float

    def changed(self, blood: float, melanin: float) -> tuple[float, float]:
        """The face's fractions after a change in doublings."""
        return self.face[0] * 2.0**melanin, self.face[1] * 2.0**blood


@dataclass(frozen=True, slots=True)
class Trial:
    """One day: what was true, what the program read, and the least possible sd of either."""

    same_light: bool
    scene: Scene
    change: Change
    least: tuple[float, float]


def try_days(subject: Subject) -> list[Trial]:
    """Days in the light of the baseline, and as many in another light, for this person's tone."""
    rng = np.random.default_rng([*subject.rng_seed, 9])
    trials = []
    for number, same in product(range(_DAYS), (True, False)):
        scene = _draw_scene(rng, subject, number, same=same)
        trials.append(Trial(same, scene, _read(rng, scene), least_sds(scene, subject)))
    return trials


def least_sds(scene: Scene, subject: Subject) -> tuple[float, float]:
    """Cramér–Rao bound (sd, doublings) of blood and of melanin.

    Unknown are blood, melanin, the change of glare, and white balance with exposure (three
    channels); seen are face, neck, frame and eyes. In another light the lamps and cameras that
    there are move face and neck by chance, together.
    """
    at = scene.changed(scene.blood, scene.melanin)
    glare = scene.glares[1]
    step = 1e-3

    def face(blood: float, melanin: float, shine: float) -> Floats:
        return _look(
            scene.changed(scene.blood + blood, scene.melanin + melanin), shine, scene.after
        )

    by_blood = (face(step, 0, glare) - face(-step, 0, glare)) / (2 * step)
    by_melanin = (face(0, step, glare) - face(0, -step, glare)) / (2 * step)
    by_glare, neck_by_glare = (
        (_look(skin, glare + step, scene.after) - _look(skin, glare - step, scene.after))
        / (2 * step)
        for skin in (at, scene.neck)
    )
    nothing, light = np.zeros((3, 2)), np.eye(3)
    slopes = np.vstack(
        [
            np.column_stack([by_blood, by_melanin, by_glare, light]),
            np.column_stack([nothing, neck_by_glare, light]),
            *2 * [np.column_stack([nothing, np.zeros(3), light])],
        ]
    )
    same = scene.before == scene.after
    covariance = np.zeros((12, 12))
    covariance[:3, :3] = _noise(at, scene)
    covariance[3:6, 3:6] = _noise(scene.neck, scene) + np.eye(3) * _PLACE_SD**2
    for block, sds in ((slice(6, 9), _FRAME_SD), (slice(9, 12), _EYES_SD)):
        covariance[block, block] = np.eye(3) * sds[0 if same else 1] ** 2 + 1.0
    if not same:
        covariance[:6, :6] += _by_lamps(scene, subject)
    known = np.diag([0, 0, _GLARE_SD**-2, *3 * [0.0]])
    known[3:, 3:] = np.linalg.inv(np.eye(3) * _BALANCE_SD**2 + _EXPOSURE_SD**2)
    information = slopes.T @ np.linalg.inv(covariance) @ slopes + known
    blood, melanin = np.sqrt(np.diag(np.linalg.inv(information)))[:2]
    return float(blood), float(melanin)


def write_table(subjects: Sequence[Subject], found: Sequence[list[Trial]]) -> str:
    """A row for every tone class and kind of light: the bound, and what the program reaches."""
    head = ("ITA", "light", *_REDNESS, *_PIGMENT)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for tone, same in product(TONES, (True, False)):
        mine = [
            trial
            for subject, trials in zip(subjects, found, strict=True)
            for trial in trials
            if subject.tone == tone and trial.same_light is same
        ]
        lines.append(f"| {tone.ita:.0f}° | {'same' if same else 'other'} | {_row(mine)} |")
    return "\n".join(lines) + "\n"


def _row(trials: Sequence[Trial]) -> str:
    cells = []
    for which, truth, read in (
        (0, [t.scene.blood for t in trials], [t.change.redness for t in trials]),
        (1, [t.scene.melanin for t in trials], [t.change.pigment for t in trials]),
    ):
        least = np.array([trial.least[which] for trial in trials])
        value, sd = np.array([(one.value, one.sd) for one in read]).T
        error = value - np.array(truth)
        slope = float(np.polyfit(truth, value, 1)[0])
        cells += [np.median(least), np.sqrt(np.mean(error**2)), sd.mean(), slope]
        if which == 0:
            cells.append(np.mean(_PRIOR_SD**2 / (_PRIOR_SD**2 + least**2)))
        cells.append(np.mean(np.abs(error) < 1.96 * sd))
    return " | ".join(
        f"{cell:.0%}" if place in (5, 10) else f"{cell:.2f}" for place, cell in enumerate(cells)
    )


def _draw_scene(rng: np.random.Generator, subject: Subject, number: int, *, same: bool) -> Scene:
    cameras, lamps = list(subject.cameras), list(subject.lamps)
    viewings = [
        (cameras[rng.integers(len(cameras))], lamps[rng.integers(len(lamps))]) for _ in range(2)
    ]
    melanin, blood = _person(rng, subject.tone)
    return Scene(
        face=(melanin, blood),
        neck=(melanin * 2 ** rng.normal(0, 0.25), blood * 2 ** rng.normal(-0.6, 0.2)),
        before=viewings[0],
        after=viewings[0] if same else viewings[1],
        glares=(float(rng.uniform(0.01, 0.03)), float(rng.uniform(0.004, 0.04))),
        blood=_BLOOD[number % len(_BLOOD)],
        melanin=_MELANIN[number // len(_BLOOD) % len(_MELANIN)],
    )


def _person(rng: np.random.Generator, tone: Tone) -> tuple[float, float]:
    return tone.melanin * 2 ** rng.normal(0, 0.15), BASELINE_BLOOD * 2 ** rng.normal(0, 0.3)


def _read(rng: np.random.Generator, scene: Scene) -> Change:
    """What the program makes of this day."""
    today = scene.changed(scene.blood, scene.melanin)
    face = [
        _look(s, g, v)
        for s, g, v in zip((scene.face, today), scene.glares, _both(scene), strict=True)
    ]
    neck = [_look(scene.neck, g, v) for g, v in zip(scene.glares, _both(scene), strict=True)]
    balance = rng.normal(0, _BALANCE_SD, (2, 3)) * np.array([1, 0, 1])
    light = balance[1] - balance[0] + rng.normal(0, _EXPOSURE_SD)
    other = 0 if scene.before == scene.after else 1
    noises = [_noise(skin, scene) for skin in (today, scene.neck)]
    seen, beside = (
        Shift(after - before + light + rng.multivariate_normal(np.zeros(3), noise), noise)
        for (before, after), noise in zip((face, neck), noises, strict=True)
    )
    apart = Shift(neck[0] - face[0] + rng.normal(-0.3, 0.2), np.eye(3) * 0.005**2)
    frame, eyes = (
        Shift(light + rng.normal(0, sds[other], 3), np.zeros((3, 3)))
        for sds in (_FRAME_SD, _EYES_SD)
    )
    brightness = float(np.log(np.exp(face[0]) @ _LUMINANCE) + rng.normal(0, _BRIGHTNESS_SD))
    state = estimate_state(face[0] + balance[0], brightness, _BRIGHTNESS_SD)
    untreated = UntreatedSkin(beside, apart, 0.08)
    comparison = compare_days(state, frame, eyes=eyes, untreated=untreated)
    known = Shift(seen.value, seen.covariance + comparison.covariance)
    itself = elsewhere(comparison.state, Shift(np.zeros(3), np.eye(3) * 1e-4))
    return explain(known, comparison.light, itself, comparison.contrast)


def _both(scene: Scene) -> tuple[tuple[Camera, Lamp], tuple[Camera, Lamp]]:
    return scene.before, scene.after


def _look(skin: tuple[float, float], glare: float, viewing: tuple[Camera, Lamp]) -> Floats:
    """Log RGB (3,) of melanin and blood fractions as a camera shows them under a lamp."""
    rgb = reflectance(*skin, glare=glare) @ channel_weights(*viewing).T
    log_rgb: Floats = np.log(np.maximum(rgb, 5e-4))
    return log_rgb


def _noise(skin: tuple[float, float], scene: Scene) -> Floats:
    """Covariance (3, 3) of the shift of this skin's log RGB by noise and shading."""
    light = np.exp(_look(skin, scene.glares[1], scene.after))
    return np.diag(_MEDIAN_SD**2 + (_DARK_SD / light) ** 2) + _SHADING_SD**2


def _by_lamps(scene: Scene, subject: Subject) -> Floats:
    """Covariance (6, 6) of what the lamps and cameras there are make of face and neck today."""
    skins = scene.changed(scene.blood, scene.melanin), scene.neck
    looks = [
        np.concatenate([_look(skin, scene.glares[1], viewing) for skin in skins])
        for viewing in product(subject.cameras, subject.lamps)
    ]
    covariance: Floats = np.cov(np.array(looks).T)
    return covariance


if __name__ == "__main__":
    run_benchmark("measurement.limits", try_days, write_table)
