"""The bound on any reading's error: what it must obey, whatever the program reads."""

from dataclasses import replace

import pytest

from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone
from analysis.scenes.cameras import Camera
from analysis.scenes.lamps import Lamp
from tests.benchmarks.measurement.limits import Scene, least_sds
from tests.benchmarks.measurement.people import Split, Subject, invite

PEOPLE = {subject.tone: subject for subject in invite(Split.HELD_OUT, 1)}
DAYLIGHT = (Camera.NIKON, Lamp.D65)


def unchanged(subject: Subject) -> Scene:
    skin = (subject.tone.melanin, BASELINE_BLOOD)
    neck = (subject.tone.melanin, 0.65 * BASELINE_BLOOD)
    return Scene(skin, neck, DAYLIGHT, DAYLIGHT, (0.02, 0.02), 0.0, 0.0)


@pytest.mark.parametrize("tone", TONES)
def test_another_light_never_lets_blood_be_known_better(tone: Tone) -> None:
    subject = PEOPLE[tone]
    scene = unchanged(subject)
    # Fluorescent light shows more of blood than daylight does, so the day itself stays the same.
    moved = replace(scene, before=(Camera.NIKON, Lamp.FL2))
    assert least_sds(moved, subject)[0] >= least_sds(scene, subject)[0]


def test_melanin_hides_blood() -> None:
    bounds = [least_sds(unchanged(PEOPLE[tone]), PEOPLE[tone])[0] for tone in TONES]
    assert bounds[-1] > 2 * bounds[0]
    assert bounds[-1] == max(bounds)
