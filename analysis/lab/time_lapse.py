"""A course as moving pictures: one crop, pose and light every day, so that only skin changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from analysis.face.crop import crop_to_face
from analysis.images import SrgbImage, to_bytes
from analysis.overlays import in_light_of_baseline
from analysis.pipeline import Analysis

_BEYOND: Final = 0.90  # display grey where one of the photos ends
_CAPTION_HEIGHT: Final = 64
_CAPTION_SIZE: Final = 40
_FRAME_MS: Final = 700
_LAST_MS: Final = 1600  # the last day is shown a little longer before it starts again
_QUALITY: Final = 88  # of WebP; below, even skin shows blocks


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One photo of a course, what was measured on it, and its caption."""

    caption: str
    photo: SrgbImage
    analysis: Analysis


def draw_frames(
    baseline: SrgbImage, days: Sequence[Day], caption: str = "before"
) -> Iterator[SrgbImage]:
    """The baseline first, then each day aligned to it in its light, with captions, all of one size.

    Untreated skin keeps its colour as far as the day's reference knows the light. If only the frame
    of the photo showed the light, only brightness is matched. What one photo does not show is grey
    in all, so that the picture does not jump. Every analysis must be against this baseline.
    """
    if not days:
        return
    before = crop_to_face(baseline, days[0].analysis.baseline_positions)
    views = [crop_to_face(day.photo, day.analysis.photo_positions) for day in days]
    shown = np.logical_and.reduce([before.covered, *(view.covered for view in views)])
    yield _captioned(before.image, shown, caption)
    for day, view in zip(days, views, strict=True):
        image = in_light_of_baseline(view.image, before.image, day.analysis)
        yield _captioned(image, shown, day.caption)


def animate(frames: Sequence[SrgbImage]) -> bytes:
    """An animated WebP that repeats for ever; raises ValueError without a frame."""
    if not frames:
        raise ValueError("a time-lapse needs at least one frame")
    first, *others = [Image.fromarray(to_bytes(frame.pixels)) for frame in frames]
    encoded = BytesIO()
    first.save(
        encoded,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[_FRAME_MS] * len(others) + [_LAST_MS],
        loop=0,
        quality=_QUALITY,
    )
    return encoded.getvalue()


def _captioned(image: SrgbImage, shown: NDArray[np.bool_], caption: str) -> SrgbImage:
    pixels = np.where(shown[..., np.newaxis], image.pixels, np.float32(_BEYOND))
    height, width = shown.shape
    canvas = Image.new("RGB", (width, height + _CAPTION_HEIGHT), "white")
    canvas.paste(Image.fromarray(to_bytes(pixels.astype(np.float32))), (0, 0))
    middle = (width / 2, height + _CAPTION_HEIGHT / 2)
    font = ImageFont.load_default(_CAPTION_SIZE)
    ImageDraw.Draw(canvas).text(middle, caption, "black", font, anchor="mm")
    return SrgbImage((np.asarray(canvas, np.float32) / 255).astype(np.float32))
