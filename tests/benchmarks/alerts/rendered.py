"""A few courses of the cohort as photos: rendered, and replayed through the whole system."""

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from analysis.face.regions import Region as SeenRegion
from analysis.scenes.cameras import Camera
from analysis.scenes.head.changes import SkinState, SpottedPigment
from analysis.scenes.head.heads import Person
from analysis.scenes.lamps import Lamp
from sample_images.cast import JUNE, KWAME, LEILA, MEERA, NORA
from sample_images.course_folders import write_course
from sample_images.stories import Picture, Story
from tests.benchmarks.alerts.cohort import TREATED_AT, Case, Fate, Split, draw_case
from tests.benchmarks.alerts.tables import MAIN, table
from tracker.actions.people.accounts import add_person
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.treatments import AREAS, days_since
from tracker.replay import Replay, patient_of, read_course, throw_away_world

_CAST: Final[Mapping[int, Person]] = {2: NORA, 4: MEERA, 5: LEILA, 6: KWAME}
_SECOND_TYPE_6: Final = JUNE
_LAST_DAY: Final = 22.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A rendered course: its truth, and the first day on which each concern was mailed."""

    fate: Fate
    concern: str | None
    starts: float
    skin_type: int
    mailed: Mapping[str, float]


def rendered_cases(split: Split, courses: int) -> list[tuple[int, Case]]:
    """The first cases of the cohort that may be rendered, normal ones and each main fate alike."""
    wanted = (Fate.NORMAL, *MAIN)
    chosen: list[tuple[int, Case]] = []
    for number in range(100 * courses):
        case = draw_case(split, number)
        of_fate = sum(each.fate is case.fate for _, each in chosen)
        if case.fate in wanted and of_fate < -(-courses // len(wanted)):
            chosen.append((number, case))
        if len(chosen) == courses:
            break
    return chosen


def see(number: int, case: Case, compute: Executor) -> Seen:
    """Render a case, replay it, and record what was mailed."""
    with TemporaryDirectory(prefix="afterglow-cohort-") as folder:
        write_course(_story(number, case), Path(folder), lambda: None)
        mailed: dict[str, float] = {}
        for alert in _alerts(Path(folder), compute):
            if alert["level"] != "watch":
                day = days_since(case.course.treatment, datetime.fromisoformat(alert["raised_at"]))
                mailed.setdefault(alert["concern"], day)
    concern = None if case.skin.concern is None else str(case.skin.concern)
    return Seen(case.fate, concern, case.skin.starts, case.tone.skin_type, mailed)


def lay_out(seen: list[Seen]) -> str:
    """What was found on photos, as Markdown."""
    rows = []
    for one in seen:
        told = ", ".join(f"{name} day {day:.1f}" for name, day in sorted(one.mailed.items()))
        starts = f"{one.starts:.1f}" if np.isfinite(one.starts) else "–"
        rows.append((one.fate, one.skin_type, starts, told or "nothing"))
    return table(("truth", "skin type", "starts on day", "mailed"), rows)


def _alerts(folder: Path, compute: Executor) -> Iterator[Mapping[str, str]]:
    story = read_course(folder)
    with throw_away_world(None) as world:
        db = world.connect()
        try:
            person = patient_of(story, "Rendered course", "patient@replay.invalid")
            patient = add_person(db, person, secrets.token_hex())
            for line in Replay(world, db, compute, folder, story, patient.id).lines():
                if line["type"] == "alert":
                    yield line
        finally:
            db.close()


def _story(number: int, case: Case) -> Story:
    rng = np.random.default_rng([13, number])
    skin_type = min(_CAST, key=lambda known: abs(known - case.tone.skin_type))
    person = _SECOND_TYPE_6 if skin_type == 6 and number % 2 else _CAST[skin_type]
    lamps = list(Lamp)
    usual, other = (Lamp(lamp) for lamp in rng.permutation(np.array(lamps))[:2])
    days = [days_since(case.course.treatment, r.taken_at) for r in case.course.readings]
    taken = [day for day in days if day <= _LAST_DAY]
    pictures = [Picture("baseline-1.jpg", -1.1), Picture("baseline-2.jpg", -0.06)]
    pictures += [
        Picture(f"p{n:02d}.jpg", day, lamp=other if rng.random() < 0.25 else None)
        for n, day in enumerate(_one_a_day(taken))
    ]
    answers: dict[int, Answers] = {}
    for check_in in case.course.check_ins:
        day = days_since(case.course.treatment, check_in.at)
        if day <= _LAST_DAY:
            answers[int(day)] = check_in.answers
    return Story(
        name=f"case-{number}",
        summary=str(case.fate),
        person=person,
        skin_type=case.tone.skin_type,
        performed_at=TREATED_AT,
        needle_depth_mm=case.depth_mm,
        camera=Camera(rng.choice(np.array(list(Camera)))),
        lamp=usual,
        pictures=tuple(pictures),
        check_in_days=tuple(sorted(answers)),
        skin=lambda day: _state(case, number, day),
        answers=lambda day: answers[day],
        seed=number,
    )


def _one_a_day(days: list[float]) -> list[float]:
    """The first photo of every day: a story takes all its photos in the morning."""
    first = {int(day): day for day in reversed(days)}
    return sorted(first.values())


def _state(case: Case, number: int, day: float) -> SkinState:
    """The true state of a day for the scenes: redness even over a region, pigment in spots."""
    if day < 0:
        return SkinState(seed=number)
    pigment = {SeenRegion(r): case.skin.pigment(r, day) for r in AREAS}
    return SkinState(
        redness={SeenRegion(r): case.skin.redness(r, day) for r in AREAS},
        spots=tuple(SpottedPigment(r, amount) for r, amount in pigment.items() if amount),
        seed=number,
    )
