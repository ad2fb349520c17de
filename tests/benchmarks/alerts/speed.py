"""How long one long course takes to judge, on one core."""

from statistics import median
from time import process_time

import numpy as np

from tests.benchmarks.alerts.cohort import TREATED_AT
from tests.benchmarks.alerts.people import Telling, answer, illness_of
from tests.benchmarks.alerts.phones import TONES, choose_phone, photograph
from tests.benchmarks.alerts.skins import infected
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.recovery.recovery import Course, assess
from tracker.storage.protocols import protocol_files

POINTS = 60
ROUNDS = 25


def time_engine() -> str:
    """Judge a course of 60 photos and check-ins that ends in an infection, again and again."""
    rng = np.random.default_rng(1)
    skin = infected(rng, 1.5)
    days = sorted(rng.uniform(0.2, 14, POINTS).tolist())
    readings = photograph(skin, choose_phone(rng, TONES[4]), days, TREATED_AT, rng)
    check_ins = answer(skin, illness_of(skin, Telling.TELLS, rng, 4), days, TREATED_AT, rng)
    areas = frozenset(AREAS)
    treatment = Treatment("t", "p", "microneedling", TREATED_AT, Setting.CLINIC, 1.5, areas)
    course = Course(treatment, tuple(readings), tuple(check_ins))
    protocol = protocol_files.load("microneedling")
    spent = []
    for _ in range(ROUNDS):
        begun = process_time()
        assess(course, protocol, 14.5)
        spent.append(1000 * (process_time() - begun))
    regions = len(readings[0].regions)
    return f"{POINTS} photos of {regions} regions: {median(spent):.0f} ms (median of {ROUNDS})."
