"""What tells of the light: how frame, card and untreated skin are believed together."""

import numpy as np
import pytest

from analysis.light.chromophores import Change, Reference, Shift, elsewhere, explain
from analysis.light.plausible_skin import SkinState, estimate_state
from analysis.light.references import CardShift, Comparison, UntreatedSkin, compare_days
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone
from analysis.light.viewings import Floats, look_at_skin

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
FRAME = Shift(np.zeros(3), np.eye(3) * 0.10**2)
DAYLIGHT, TUNGSTEN, HALOPHOSPHATE = 1, 3, 4  # viewings of the first camera
MORE_IN_FACE = 0.4  # doublings of blood and a quarter of them of melanin, against the neck


def seen(viewing: int, melanin: float, blood: float) -> Floats:
    one = np.ones(1)
    look = look_at_skin(np.array([viewing]), melanin * one, blood * one, 0.02 * one)
    colour: Floats = look.log_rgb[0]
    return colour


def face_and_neck(tone: Tone, viewing: int, *, redness: float = 0.0) -> tuple[Floats, Floats]:
    blood = BASELINE_BLOOD * 2 ** (MORE_IN_FACE + redness)
    face = seen(viewing, tone.melanin * 2 ** (MORE_IN_FACE / 4), blood)
    return face, seen(viewing, tone.melanin, BASELINE_BLOOD)


def state_of(tone: Tone) -> SkinState:
    face, _ = face_and_neck(tone, DAYLIGHT)
    return estimate_state(face, float(np.log(np.exp(face) @ LUMINANCE)), 0.35)


def tight(value: Floats) -> Shift:
    return Shift(value, np.eye(3) * 0.002**2)


def read_by_neck(tone: Tone, lamp: int, *, redness: float, balance: Floats) -> Change:
    before, neck_before = face_and_neck(tone, DAYLIGHT)
    after, neck_after = face_and_neck(tone, lamp, redness=redness)
    neck = UntreatedSkin(
        tight(neck_after - neck_before + balance), tight(neck_before - before), 0.05
    )
    comparison = compare_days(state_of(tone), FRAME, untreated=neck)
    assert comparison.reference is Reference.SKIN
    return explained(comparison, after - before + balance)


def explained(comparison: Comparison, moved: Floats) -> Change:
    seen_today = Shift(moved, np.eye(3) * 0.002**2 + comparison.covariance)
    return explain(seen_today, comparison.light, elsewhere(comparison.state, tight(np.zeros(3))))


@pytest.mark.parametrize("tone", TONES[:6])
@pytest.mark.parametrize("lamp", [DAYLIGHT, TUNGSTEN, HALOPHOSPHATE])
def test_another_lamp_and_white_balance_are_not_read_as_redness(tone: Tone, lamp: int) -> None:
    balance = np.array([0.06, -0.25, -0.04])
    change = read_by_neck(tone, lamp, redness=0.0, balance=balance)
    assert abs(change.redness.value) < max(0.15, 1.96 * change.redness.sd)
    assert abs(change.pigment.value) < 0.15


@pytest.mark.parametrize("tone", TONES[:6])
def test_a_doubling_is_read_whatever_the_white_balance(tone: Tone) -> None:
    change = read_by_neck(tone, DAYLIGHT, redness=1.0, balance=np.array([-0.05, 0.1, 0.08]))
    assert abs(change.redness.value - 1) < max(0.2, 1.96 * change.redness.sd)


def test_the_spread_is_wider_the_further_the_light_has_moved() -> None:
    tone = TONES[4]
    spreads = [
        read_by_neck(tone, lamp, redness=0.0, balance=np.zeros(3)).redness.sd
        for lamp in (DAYLIGHT, HALOPHOSPHATE)
    ]
    assert spreads[0] < spreads[1]


def test_the_frame_alone_is_believed_least() -> None:
    before, _ = face_and_neck(TONES[2], DAYLIGHT)
    after, _ = face_and_neck(TONES[2], DAYLIGHT, redness=1.0)
    by_frame = compare_days(state_of(TONES[2]), FRAME)
    assert by_frame.reference is Reference.HISTORY
    assert explained(by_frame, after - before).redness.sd > 0.3


def test_a_card_narrows_what_the_neck_says_and_is_named() -> None:
    tone = TONES[7]
    before, neck_before = face_and_neck(tone, DAYLIGHT)
    after, neck_after = face_and_neck(tone, HALOPHOSPHATE)
    neck = UntreatedSkin(tight(neck_after - neck_before), tight(neck_before - before), 0.05)
    card = CardShift(Shift(after - before, np.eye(3) * 0.01**2 + 0.25), apart=0.3)
    alone = compare_days(state_of(tone), FRAME, untreated=neck)
    both = compare_days(state_of(tone), FRAME, untreated=neck, card=card)
    assert both.reference is Reference.CARD
    alone_sd, both_sd = (explained(c, after - before).redness.sd for c in (alone, both))
    assert both_sd < alone_sd
    assert both.on_skin - both.on_skin.mean() == pytest.approx(
        card.shift.value - card.shift.value.mean(), abs=0.03
    )


def test_one_photo_has_one_reading() -> None:
    first, second = (
        read_by_neck(TONES[3], TUNGSTEN, redness=0.5, balance=np.zeros(3)) for _ in range(2)
    )
    assert first == second


def test_a_collar_taken_for_skin_does_not_rule_out_the_persons_own_skin() -> None:
    state = state_of(TONES[1])
    collar = tight(np.array([-0.9, -0.2, 0.5]))
    there = elsewhere(state, collar)
    before, after = (weight @ np.log2(state.melanin) for weight in (state.weight, there.weight))
    assert after == pytest.approx(before, abs=0.7)
    assert 1 / np.sum(there.weight**2) > 30  # guesses that still count


def by_card(apart: float, *, frame: Shift = FRAME, eyes: Shift | None = None) -> Comparison:
    card = CardShift(Shift(np.zeros(3), np.eye(3) * 0.01**2 + 0.25), apart)
    return compare_days(state_of(TONES[2]), frame, card=card, eyes=eyes)


def test_patches_that_agree_tell_that_nothing_changed_but_exposure() -> None:
    still, moved = by_card(0.04), by_card(0.3)
    same = [float(np.mean(c.state.after == c.state.before)) for c in (still, moved)]
    assert same[0] > 0.9
    assert same[1] < 0.1
    sds = [explained(c, np.zeros(3)).redness.sd for c in (still, moved)]
    assert sds[0] < 0.7 * sds[1]


def test_a_frame_that_contradicts_the_card_is_hardly_believed() -> None:
    lying = Shift(np.array([0.6, 0.0, -0.6]), np.eye(3) * 0.01**2)
    agreeing = by_card(0.3, frame=Shift(np.zeros(3), np.eye(3) * 0.01**2))
    pulled = by_card(0.3, frame=lying).on_skin - agreeing.on_skin
    assert np.abs(pulled - pulled.mean()).max() < 0.06


def test_the_white_of_the_eyes_narrows_what_the_frame_alone_says() -> None:
    state, eyes = state_of(TONES[2]), tight(np.zeros(3))
    alone, both = (compare_days(state, FRAME, eyes=seen) for seen in (None, eyes))
    assert both.reference is Reference.HISTORY
    sds = [explained(c, np.zeros(3)).redness.sd for c in (alone, both)]
    assert sds[1] < sds[0]


def test_nothing_but_the_phones_habit_is_left_where_nothing_is_seen() -> None:
    blind = compare_days(state_of(TONES[2]), None)
    assert blind.reference is Reference.HISTORY
    assert explained(blind, np.zeros(3)).redness.sd > 0.4
