"""The card's colours tell daylight from lamps, whatever the printer, the phone and the exposure."""

import numpy as np
import pytest

from analysis.card.ensemble import log_colour
from analysis.card.layout import PATCHES, printed_fields
from analysis.card.reference import CardReading
from analysis.card.viewings import weigh_viewings
from analysis.light.plausible_skin import estimate_state
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, WAVELENGTHS, log_rgb
from analysis.light.viewings import Floats, viewing_weights
from analysis.scenes.cameras import Camera, channel_weights
from analysis.scenes.cards import patch_reflectances
from analysis.scenes.lamps import Lamp

PRINTERS = range(40, 46)


def reading(printer: int, camera: Camera, lamp: Lamp, tint: Floats) -> CardReading:
    fields = list(printed_fields())
    places = [1 + fields.index(patch) for patch in PATCHES]
    colours = log_colour(patch_reflectances(printer)[places], channel_weights(camera, lamp)) + tint
    return CardReading(np.exp(colours), np.ones(len(PATCHES), np.bool_), np.eye(3), 0.3)


def redness_of_light(log_likelihood: Floats) -> float:
    """Mean, by probability, of how much of the green channel's light comes from beyond 560 nm."""
    green = viewing_weights()[:, 1]
    beyond = green[:, WAVELENGTHS > 560].sum(axis=1)
    probability = np.exp(log_likelihood - log_likelihood.max())
    return float(probability @ beyond / probability.sum())


@pytest.mark.parametrize("camera", [Camera.AMBER, Camera.FJORD, Camera.NIKON])
def test_filament_light_is_told_from_daylight(camera: Camera) -> None:
    tint = np.array([0.04, -0.3, -0.36])
    lamp, daylight = (
        [redness_of_light(weigh_viewings(reading(p, camera, light, tint))) for p in PRINTERS]
        for light in (Lamp.A, Lamp.D65)
    )
    assert np.mean(lamp) > np.mean(daylight)


def test_without_a_card_no_viewing_is_preferred() -> None:
    assert not weigh_viewings(None).any()


def test_a_card_in_the_baseline_narrows_how_skin_may_look() -> None:
    skin = log_rgb(TONES[2].melanin, BASELINE_BLOOD)
    card = weigh_viewings(reading(41, Camera.ECHO, Lamp.D50, np.zeros(3)))
    alone, told = (
        np.unique(estimate_state(skin, -1.2, 0.25, viewings).before, return_counts=True)[1]
        for viewings in (0.0, card)
    )
    assert told.max() / told.sum() > alone.max() / alone.sum()
