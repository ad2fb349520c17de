"""Pixels to numbers: what one photo says about a person's skin, compared with their baseline.

This package knows no patient, file, clock, network or database.
"""

import os
from typing import Final

import cv2

from analysis.card.layout import card_markers
from analysis.card.sheet import draw_card
from analysis.face.framing import framing_cascade
from analysis.face.opening import open_photo
from analysis.images import decode_photo, encode_photo
from analysis.known import KnownPhotos
from analysis.marked_areas import MarkedAreas
from analysis.marking import judge_marked, outline_cheeks, outline_region
from analysis.masking import mask_eyes
from analysis.overlays import draw_evidence
from analysis.pipeline import analyse_photo
from analysis.quality import judge_photo
from analysis.stored_form import to_stored_form, turn_stored_form

VERSION: Final = "6"
"""Changes whenever the same photo would be measured differently; kept with every reading.

Nothing that another version computed of a photo is used again."""


def _measure_alike_on_every_processor() -> None:
    """Have OpenCV of this process do without Intel's IPP, which rounds as the processor does.

    A reading then moves by up to 0.007 doublings with the machine. OPENCV_IPP of the environment
    rules; OpenCV would warn of it in every process.
    """
    os.environ.setdefault("OPENCV_IPP", "disabled")
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    cv2.ipp.useIPP()  # reads it
    cv2.utils.logging.setLogLevel(level)


_measure_alike_on_every_processor()

__all__ = [
    "VERSION",
    "KnownPhotos",
    "MarkedAreas",
    "analyse_photo",
    "card_markers",
    "decode_photo",
    "draw_card",
    "draw_evidence",
    "encode_photo",
    "framing_cascade",
    "judge_marked",
    "judge_photo",
    "mask_eyes",
    "open_photo",
    "outline_cheeks",
    "outline_region",
    "to_stored_form",
    "turn_stored_form",
]
