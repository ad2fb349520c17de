"""An animation is refused by name: nobody can tell which of its frames was meant."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from analysis.errors import Fault, Unmeasurable
from analysis.images import decode_photo
from tests.analysis.containers.files import picture


def stored(file_format: str, frames: int, **options: object) -> bytes:
    """The picture, and after it others."""
    others = [picture().rotate(90 * n) for n in range(1, frames)]
    buffer = BytesIO()
    picture().save(buffer, file_format, save_all=True, append_images=others, **options)
    return buffer.getvalue()


def fault_of(data: bytes) -> Fault:
    with pytest.raises(Unmeasurable) as caught:
        decode_photo(data)
    return caught.value.fault


@pytest.mark.parametrize("frames", [2, 3, 7])
@pytest.mark.parametrize("file_format", ["WEBP", "PNG", "AVIF", "GIF"])
def test_an_animation_is_refused_by_name(file_format: str, frames: int) -> None:
    assert fault_of(stored(file_format, frames, duration=100)) is Fault.MOVING


@pytest.mark.parametrize("file_format", ["WEBP", "PNG", "AVIF"])
def test_an_animation_of_one_frame_is_a_photo(file_format: str) -> None:
    decoded = decode_photo(stored(file_format, 1))
    assert np.abs(decoded.pixels - np.asarray(picture()) / 255).mean() < 0.05


def test_a_still_gif_is_no_photo_and_no_film() -> None:
    buffer = BytesIO()
    picture().save(buffer, "GIF")
    assert fault_of(buffer.getvalue()) is Fault.UNREADABLE


def test_a_jpeg_with_a_second_picture_or_a_film_behind_is_a_photo() -> None:
    several = stored("MPO", 2)
    buffer = BytesIO()
    picture().save(buffer, "JPEG", quality=95)
    with_film = buffer.getvalue() + b"\0\0\0\x18ftypmp42" + bytes(500)
    for data in (several, with_film):
        with Image.open(BytesIO(data)) as opened:
            opened.seek(0)
            first = np.asarray(opened.convert("RGB"), np.float32) / 255
        assert np.array_equal(decode_photo(data).pixels, first)
