"""The stories of the sample courses: what happens to the skin, what is answered and expected.

Times are days after the treatment; changes are doublings of blood (redness) and melanin (pigment).
The redness of every story starts from the expected curve of its needle depth: a peak of blood ×2–4
two hours after the treatment that halves every so many hours.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from analysis.face.regions import Region
from analysis.scenes.cameras import Camera
from analysis.scenes.head.changes import Papules, Patch, SkinState, SpottedPigment
from analysis.scenes.head.heads import Person
from analysis.scenes.lamps import Lamp
from sample_images.cast import JUNE, KWAME, LEILA, MEERA, NORA, SOFIA
from tracker.domain.course.check_ins import Answers, Trend

TREATED: Final = (
    Region.FOREHEAD,
    Region.LEFT_CHEEK,
    Region.RIGHT_CHEEK,
    Region.NOSE,
    Region.CHIN,
)
_SHARE: Final = {
    Region.FOREHEAD: 0.88,
    Region.LEFT_CHEEK: 1.06,
    Region.RIGHT_CHEEK: 1.04,
    Region.NOSE: 0.92,
    Region.CHIN: 0.98,
}
_PEAK_DAY: Final = 2.0 / 24.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One photo of a story: `day` counts from the treatment and is below 0 for a baseline.

    `blurred` pictures are kept as the gate's counter-example.
    """

    file: str
    day: float
    blurred: bool = False
    lamp: Lamp | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A course before it is rendered. `skin` and `answers` are functions of the day."""

    name: str
    summary: str
    person: Person
    skin_type: int
    performed_at: datetime
    needle_depth_mm: float
    camera: Camera
    lamp: Lamp
    pictures: tuple[Picture, ...]
    check_in_days: tuple[int, ...]
    skin: Callable[[float], SkinState]
    answers: Callable[[int], Answers]
    seed: int
    kind: str = "microneedling"
    setting: str = "clinic"
    history: tuple[str, ...] = ()
    expected: str | None = None
    onset_day: float | None = None

    def taken_at(self, picture: Picture) -> datetime:
        """When the picture was taken, in the patient's time zone: mornings, a few minutes apart."""
        if picture.day < 1:
            moment = self.performed_at + timedelta(days=picture.day)
        else:
            minutes = int(np.random.default_rng([self.seed, int(picture.day * 24)]).integers(50))
            morning = self.performed_at.replace(hour=7, minute=40) + timedelta(
                days=int(picture.day)
            )
            moment = morning + timedelta(minutes=minutes + 20 * int(picture.day % 1 > 0))
        return moment.replace(second=0, microsecond=0)


def calming(day: float, *, peak: float, half_life_hours: float) -> float:
    """Redness (doublings) of a normal recovery: halves every `half_life_hours` after its peak."""
    if day < 0.0:
        return 0.0
    return float(peak * 2.0 ** (-max(day - _PEAK_DAY, 0.0) * 24.0 / half_life_hours))


def _state(redness: float, day: float, seed: int, **more: object) -> SkinState:
    """The same redness everywhere, by each region's share, with a day's natural variation."""
    rng = np.random.default_rng([seed, int((day + 10.0) * 24.0)])
    common = rng.normal(0.0, 0.03)
    amounts = {r: redness * _SHARE[r] + common + rng.normal(0.0, 0.03) for r in TREATED}
    state = SkinState(redness=amounts, flaking=_flaking(day, redness), seed=seed)
    return replace(state, **more)  # type: ignore[arg-type]


def _flaking(day: float, redness: float) -> float:
    """Dry flakes on days 2 to 5 of a recovery that was red enough."""
    return float(np.clip(1.0 - abs(day - 3.5) / 2.0, 0.0, 1.0) * 0.5) if redness > 0.02 else 0.0


def _normal(peak: float, half_life_hours: float, seed: int) -> Callable[[float], SkinState]:
    def skin(day: float) -> SkinState:
        return _state(calming(day, peak=peak, half_life_hours=half_life_hours), day, seed)

    return skin


# Every daily question answered, and nothing is wrong.
_CALM = Answers(
    pain=0,
    itch=0,
    swelling=0,
    warmth=False,
    pus=False,
    blisters=False,
    spreading=False,
    fever=False,
    breathing_or_face_swelling=False,
    trend=Trend.SAME,
)


def _easy_answers(day: int) -> Answers:
    return replace(
        _CALM,
        pain=(3, 2, 1, 0)[min(day, 3)],
        itch=(0, 1, 2, 2, 1, 0)[min(day, 5)],
        swelling=(1, 1, 0)[min(day, 2)],
        warmth=day == 0,
        trend=Trend.BETTER if day < 6 else Trend.SAME,
    )


def _home_answers(day: int) -> Answers:
    return replace(_CALM, pain=(1, 0)[min(day, 1)], itch=(1, 1, 0)[min(day, 2)], trend=Trend.BETTER)


def _plateau(day: float) -> SkinState:
    """Falls at first, then stays: blood ×1.8 from the fifth day on."""
    level = 0.0 if day < 0 else 0.85 + calming(day, peak=0.85, half_life_hours=30.0)
    return _state(level, day, seed=41)


def _plateau_answers(day: int) -> Answers:
    easy = _easy_answers(day)
    return replace(easy, itch=max(easy.itch or 0, 2), trend=Trend.BETTER if day < 4 else Trend.SAME)


def _second_rise(day: float) -> SkinState:
    """Normal until day three; then one cheek turns red again, with a growing edge."""
    since = max(day - 3.4, 0.0)
    state = _state(calming(day, peak=1.7, half_life_hours=28.0), day, seed=61)
    if since == 0.0:
        return state
    redness = dict(state.redness)
    redness[Region.LEFT_CHEEK] += 1.15 * (1.0 - np.exp(-since / 1.8))
    patch = Patch((39.0, 38.0), radius=7.0 + 4.2 * since, redness=0.55 * min(since, 1.5))
    papules = Papules(
        Region.LEFT_CHEEK, count=int(5 * since), pustules=int(max(day - 5.5, 0.0) * 4)
    )
    return replace(state, redness=redness, patches=(patch,), papules=(papules,))


def _second_rise_answers(day: int) -> Answers:
    if day < 4:
        return _easy_answers(day)
    return replace(
        _CALM,
        pain=(2, 4, 5, 6, 7)[min(day - 4, 4)],
        itch=1,
        swelling=(0, 1, 2, 2)[min(day - 4, 3)],
        warmth=day >= 5,
        pus=day >= 7,
        spreading=day >= 7,
        trend=Trend.SAME if day == 4 else Trend.WORSE,
    )


def _darkening(day: float) -> SkinState:
    """Redness goes as it should; from day ten dark spots come where the needles were."""
    amount = 0.68 * float(1.0 - np.exp(-max(day - 9.5, 0.0) / 7.5))
    state = _state(calming(day, peak=1.6, half_life_hours=30.0), day, seed=51)
    if amount == 0.0:
        return state
    weights = {
        Region.LEFT_CHEEK: 1.1,
        Region.RIGHT_CHEEK: 1.0,
        Region.FOREHEAD: 0.75,
        Region.CHIN: 0.85,
        Region.NOSE: 0.35,
    }
    spots = tuple(SpottedPigment(region, amount * weight) for region, weight in weights.items())
    return replace(state, spots=spots)


def _pictures(days: tuple[float, ...], *, baselines: tuple[float, ...]) -> tuple[Picture, ...]:
    first = [Picture(f"baseline-{n}.jpg", day) for n, day in enumerate(baselines, start=1)]
    return (*first, *(Picture(f"d{int(day):02d}.jpg", day) for day in days))


def _with(pictures: tuple[Picture, ...], *changed: Picture) -> tuple[Picture, ...]:
    by_file = {picture.file: picture for picture in (*pictures, *changed)}
    return tuple(sorted(by_file.values(), key=lambda picture: picture.day))


_BASELINES = (-1.1, -0.06)
_EVENING = 0.33

STORIES: Final = (
    Story(
        name="normal_type_2",
        summary="Microneedling at 1.0 mm on type II skin; recovers as expected.",
        person=NORA,
        skin_type=2,
        performed_at=datetime(2026, 3, 5, 10, 0, tzinfo=ZoneInfo("America/New_York")),
        needle_depth_mm=1.0,
        camera=Camera.AMBER,
        lamp=Lamp.D50,
        pictures=_with(
            _pictures((_EVENING, 1, 2, 3, 5, 6, 7, 10), baselines=_BASELINES),
            Picture("d05.jpg", 5, lamp=Lamp.LED_COLD),
        ),
        check_in_days=(0, 1, 2, 3, 5, 6, 7, 10),
        skin=_normal(1.7, 20.0, seed=21),
        answers=_easy_answers,
        seed=21,
    ),
    Story(
        name="normal_type_6",
        summary="Microneedling at 1.5 mm on type VI skin; recovers. One photo is blurred.",
        person=KWAME,
        skin_type=6,
        performed_at=datetime(2026, 3, 9, 15, 0, tzinfo=ZoneInfo("Europe/London")),
        needle_depth_mm=1.5,
        camera=Camera.BIRCH,
        lamp=Lamp.D50,
        pictures=_with(
            _pictures((_EVENING, 1, 2, 3, 4, 6, 7, 10), baselines=_BASELINES),
            Picture("d03.jpg", 3, blurred=True),
            Picture("d03-again.jpg", 3.01),
            Picture("d06.jpg", 6, lamp=Lamp.LED_COLD),
        ),
        check_in_days=(0, 1, 2, 3, 4, 6, 7, 10),
        skin=_normal(1.75, 30.0, seed=31),
        answers=_easy_answers,
        seed=31,
    ),
    Story(
        name="prolonged_inflammation_type_4",
        summary="Microneedling at 1.5 mm on type IV skin; the redness falls, then stays.",
        person=MEERA,
        skin_type=4,
        performed_at=datetime(2026, 3, 2, 11, 0, tzinfo=ZoneInfo("Asia/Kolkata")),
        needle_depth_mm=1.5,
        camera=Camera.CEDAR,
        lamp=Lamp.D65,
        pictures=_with(
            _pictures((_EVENING, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12), baselines=_BASELINES),
            Picture("d09.jpg", 9, lamp=Lamp.FL11),
        ),
        check_in_days=(0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12),
        skin=_plateau,
        answers=_plateau_answers,
        seed=41,
        expected="prolonged_inflammation",
        onset_day=6.0,
    ),
    Story(
        name="infection_type_6",
        summary="Microneedling at 1.5 mm on type VI skin; the left cheek rises again.",
        person=JUNE,
        skin_type=6,
        performed_at=datetime(2026, 3, 24, 9, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        needle_depth_mm=1.5,
        camera=Camera.DELTA,
        lamp=Lamp.D65,
        pictures=_with(
            _pictures((_EVENING, 1, 2, 3, 4, 5, 6, 7), baselines=_BASELINES),
            Picture("d02.jpg", 2, lamp=Lamp.D50),
        ),
        check_in_days=(0, 1, 2, 3, 4, 5, 6, 7),
        skin=_second_rise,
        answers=_second_rise_answers,
        seed=61,
        expected="infection",
        onset_day=3.4,
    ),
    Story(
        name="hyperpigmentation_type_5",
        summary="Microneedling at 1.5 mm on type V skin; dark spots from day ten.",
        person=LEILA,
        skin_type=5,
        performed_at=datetime(2026, 2, 16, 13, 0, tzinfo=ZoneInfo("America/Sao_Paulo")),
        needle_depth_mm=1.5,
        camera=Camera.AMBER,
        lamp=Lamp.D50,
        pictures=_with(
            _pictures((_EVENING, 1, 2, 3, 4, 6, 7, 10, 12, 14, 17, 21, 28), baselines=_BASELINES),
            Picture("d14.jpg", 14, lamp=Lamp.LED_COLD),
        ),
        check_in_days=(0, 1, 2, 3, 4, 6, 7, 10, 12, 14, 17, 21, 28),
        skin=_darkening,
        answers=lambda day: replace(
            _easy_answers(day), trend=Trend.BETTER if day < 14 else Trend.SAME
        ),
        seed=51,
        history=("hyperpigmentation",),
        expected="hyperpigmentation",
        onset_day=9.5,
    ),
    Story(
        name="home_roller_type_3",
        summary="A roller at home, 0.3 mm, on type III skin; calm the next day.",
        person=SOFIA,
        skin_type=3,
        performed_at=datetime(2026, 3, 15, 12, 0, tzinfo=ZoneInfo("Europe/Madrid")),
        needle_depth_mm=0.3,
        camera=Camera.BIRCH,
        lamp=Lamp.D65,
        pictures=_pictures((_EVENING, 1, 2, 5), baselines=_BASELINES),
        check_in_days=(0, 1, 2, 5),
        skin=_normal(1.1, 4.0, seed=71),
        answers=_home_answers,
        seed=71,
        kind="home_roller",
        setting="home",
    ),
)
