"""What a browser's camera sees: the face of a sample folder."""

from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

COURSE = Path(str(files("sample_images"))) / "infection_type_6"


def shoot_film(path: Path) -> None:
    """Write the film, a file of JPEG frames (960 × 1280), with a camera's own noise."""
    rng = np.random.default_rng(5)
    with Image.open(COURSE / "baseline-1.jpg") as photo:
        still = np.asarray(photo.convert("RGB").resize((960, 1280)), np.float32)
    with path.open("wb") as file:
        for _ in range(12):
            frame = np.clip(still + rng.normal(0, 1.5, still.shape), 0, 255).astype(np.uint8)
            Image.fromarray(frame).save(file, "JPEG", quality=95, subsampling=0)


def camera_that_shows(film: Path) -> list[str]:
    """Chromium's options for a camera that is allowed and shows the film."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
