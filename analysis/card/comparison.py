"""The card in both photos: what it hides of the skin, and the comparison that it carries."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.card.light import CardLight, light_by_card
from analysis.card.locator import CardTrouble, Unusable, locate_card
from analysis.card.reference import CardReading, is_covered, misfit_of_light, read_patches
from analysis.images import Mask, SrgbImage
from analysis.light.viewings import Floats

_MARGIN_MM: Final = 4.0  # around the card: its cut edge, its shadow, the tips of fingers


@dataclass(frozen=True, slots=True, eq=False)
class CardSight:
    """The card in one photo: where it lies if found, its patches if readable, else what is wrong.

    `to_photo` (3, 3) leads from millimetres on the card to pixels of the photo.
    """

    to_photo: Floats | None
    reading: CardReading | None
    trouble: CardTrouble | None

    @property
    def is_mirrored(self) -> bool | None:
        """Whether the card shows that the photo is a mirror image; None without a card."""
        return None if self.to_photo is None else bool(np.linalg.det(self.to_photo) < 0)

    def leaves_free(self, positions: NDArray[np.float32]) -> Mask:
        """Which of the `positions` (h, w, 2), in pixels of the photo, the card does not hide."""
        if self.to_photo is None:
            return Mask(np.ones(positions.shape[:2], np.bool_))
        return Mask(~is_covered(self.to_photo, positions, _MARGIN_MM).pixels)


def see_card(photo: SrgbImage) -> CardSight:
    """Look for the card in a photo; its trouble is told, not raised."""
    to_photo = None
    try:
        to_photo = locate_card(photo)
        return CardSight(to_photo, read_patches(photo, to_photo), None)
    except Unusable as error:
        return CardSight(to_photo, None, error.trouble)


def compare_cards(today: CardSight, baseline: CardSight) -> CardLight | CardTrouble | None:
    """How light and camera changed between two photos by their card, or why it cannot tell.

    None where neither photo shows a card: then nobody meant to use one.
    """
    if today.reading is None or baseline.reading is None:
        unseen = {sight.trouble for sight in (today, baseline)} == {CardTrouble.NOT_FOUND}
        return None if unseen else today.trouble or baseline.trouble
    try:
        # Another print, or tones that a phone bent, leave a residual that no light could.
        misfit_of_light(today.reading, baseline.reading)
        return light_by_card(today.reading, baseline.reading)
    except Unusable as error:
        return error.trouble
