"""How long a course takes to judge, on one core, by its photos."""

from statistics import median
from time import process_time

import numpy as np

from tests.benchmarks.alerts.cohort import TREATED_AT
from tests.benchmarks.alerts.people import Telling, answer, illness_of
from tests.benchmarks.alerts.phones import TONES, choose_phone, photograph
from tests.benchmarks.alerts.skins import infected
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.recovery.recovery import Course, conclude
from tracker.storage.protocols import protocol_files

POINTS = (10, 60, 400)
ROUNDS = 25


def time_engine() -> str:
    """Judge courses of photos and check-ins that end in an infection, again and again."""
    spent = ", ".join(f"{points}: {_time(points):.0f} ms" for points in POINTS)
    return f"By the number of photos of {len(AREAS) + 1} regions, medians of {ROUNDS}: {spent}."


def _time(points: int) -> float:
    """Milliseconds of the processor for a course of so many photos in two weeks, each answered."""
    rng = np.random.default_rng(1)
    skin = infected(rng, 1.5)
    days = sorted(rng.uniform(0.2, 14, points).tolist())
    readings = photograph(skin, choose_phone(rng, TONES[4]), days, TREATED_AT, rng)
    check_ins = answer(skin, illness_of(skin, Telling.TELLS, rng, 4), days, TREATED_AT, rng)
    areas = frozenset(AREAS)
    treatment = Treatment("t", "p", "microneedling", TREATED_AT, Setting.CLINIC, 1.5, areas)
    course = Course(treatment, tuple(readings), tuple(check_ins))
    protocol = protocol_files.load("microneedling")
    spent = []
    for _ in range(ROUNDS):
        begun = process_time()
        conclude(course, protocol, 14.5)
        spent.append(1000 * (process_time() - begun))
    return median(spent)
