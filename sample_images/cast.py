"""The invented people of the sample courses. They do not exist."""

from typing import Final

from analysis.scenes.head.features import Proportions
from analysis.scenes.head.hair import HairStyle
from analysis.scenes.head.heads import Person
from analysis.scenes.head.skin import Complexion

NORA: Final = Person(
    seed=2,
    complexion=Complexion(0.019, freckles=0.8, moles=5, flush=1.3),
    proportions=Proportions(
        face_width=0.96,
        jaw_width=0.93,
        nose_width=33.0,
        eye_height=10.8,
        neck_width=51.0,
        chin_length=-5.0,
        pupil_distance=62.0,
    ),
    hair_style=HairStyle.TUCKED,
    hair_colour=(0.16, 0.09, 0.045),
    brow_density=0.85,
    iris=(0.10, 0.13, 0.16),
    clothing=(0.45, 0.50, 0.55),
)
SOFIA: Final = Person(
    seed=12,
    complexion=Complexion(0.036, freckles=0.3, moles=4, flush=1.1),
    proportions=Proportions(
        face_width=0.97,
        jaw_width=0.92,
        chin_length=-4.0,
        neck_width=51.0,
        nose_width=34.0,
        eye_height=10.8,
        pupil_distance=62.0,
    ),
    hair_style=HairStyle.TOP_KNOT,
    hair_colour=(0.055, 0.032, 0.020),
    iris=(0.09, 0.06, 0.03),
    clothing=(0.36, 0.40, 0.50),
)
MEERA: Final = Person(
    seed=4,
    complexion=Complexion(0.055, freckles=0.15, moles=6),
    proportions=Proportions(
        face_width=0.97,
        jaw_width=0.93,
        nose_width=36.0,
        upper_lip=8.0,
        lower_lip=10.0,
        eye_height=11.0,
        neck_width=51.0,
        chin_length=-5.0,
    ),
    hair_style=HairStyle.TOP_KNOT,
    hair_colour=(0.030, 0.020, 0.015),
    brow_density=1.15,
    iris=(0.06, 0.03, 0.015),
    clothing=(0.50, 0.25, 0.22),
)
KWAME: Final = Person(
    seed=6,
    complexion=Complexion(0.135, moles=3, oil=1.3),
    proportions=Proportions(
        nose_width=43.0,
        nose_height=16.0,
        upper_lip=10.0,
        lower_lip=12.0,
        mouth_width=54.0,
        jaw_width=1.03,
    ),
    hair_style=HairStyle.CROPPED,
    hair_colour=(0.018, 0.014, 0.012),
    brow_density=1.1,
    iris=(0.04, 0.022, 0.012),
    clothing=(0.62, 0.60, 0.55),
)
JUNE: Final = Person(
    seed=8,
    complexion=Complexion(0.125, moles=4, oil=1.1),
    proportions=Proportions(
        face_width=0.96,
        jaw_width=0.91,
        chin_length=-5.0,
        neck_width=51.0,
        nose_width=40.0,
        nose_height=15.5,
        upper_lip=9.5,
        lower_lip=11.5,
        mouth_width=52.0,
        eye_height=10.8,
    ),
    hair_style=HairStyle.TOP_KNOT,
    hair_colour=(0.020, 0.015, 0.012),
    brow_density=0.95,
    iris=(0.045, 0.024, 0.013),
    clothing=(0.30, 0.42, 0.36),
)
LEILA: Final = Person(
    seed=10,
    complexion=Complexion(0.085, moles=5),
    proportions=Proportions(
        face_width=0.97,
        jaw_width=0.92,
        chin_length=-4.0,
        neck_width=50.0,
        nose_width=37.0,
        upper_lip=8.0,
        lower_lip=10.5,
        eye_height=10.6,
    ),
    hair_style=HairStyle.TUCKED,
    hair_colour=(0.026, 0.018, 0.014),
    brow_density=1.15,
    iris=(0.055, 0.028, 0.014),
    clothing=(0.60, 0.52, 0.40),
)
