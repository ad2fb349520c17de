"""From a story to a course folder: photos, course.toml and the truth behind them."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import ExifTags, Image

from analysis.face.regions import Region
from analysis.scenes import Photograph, Pose, Shot, photograph
from analysis.scenes.head.light import Room
from sample_images.stories import TREATED, Picture, Story

SIZE: Final = (960, 1248)
JPEG_QUALITY: Final = 82
_SHAKEN_MM: Final = 2.2


def shot_of(story: Story, picture: Picture) -> Shot:
    """How this picture was taken: by hand, so never the same twice."""
    rng = np.random.default_rng([story.seed, 9, int((picture.day + 10.0) * 240.0)])
    pose = Pose(
        right_mm=float(rng.normal(0.0, 3.0)),
        down_mm=float(rng.normal(0.0, 2.5)),
        tilt_degrees=float(rng.normal(0.0, 1.2)),
        yaw_degrees=float(np.clip(rng.normal(0.0, 1.6), -4.0, 4.0)),
        scale=float(rng.uniform(0.98, 1.03)),
    )
    balance = np.exp(rng.normal(0.0, 0.02, 2))
    key = (-0.55 + rng.normal(0.0, 0.05), -0.62 + rng.normal(0.0, 0.04), 0.85)
    return Shot(
        camera=story.camera,
        lamp=picture.lamp or story.lamp,
        room=Room(key=(float(key[0]), float(key[1]), key[2])),
        pose=pose,
        exposure_ev=float(rng.normal(0.0, 0.12)),
        white_balance=(float(balance[0]), float(balance[1])),
        glare=float(rng.uniform(0.017, 0.023)),
        veil=float(rng.uniform(0.005, 0.015)),
        contrast=0.12,
        noise=0.7,
        blur_mm=_SHAKEN_MM if picture.blurred else 0.0,
        seed=int(rng.integers(1 << 31)),
        size=SIZE,
    )


def take(story: Story, picture: Picture) -> Photograph:
    """Render one picture of a story, with its truth."""
    return photograph(story.person, story.skin(picture.day), shot_of(story, picture))


def encode_jpeg(photo: Photograph, taken_at: datetime) -> bytes:
    """The photo as a phone saves it: JPEG with the time and offset of its own clock in EXIF."""
    pixels = np.round(photo.image.pixels * 255.0).astype(np.uint8)
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    offset = taken_at.strftime("%z")
    details[ExifTags.Base.DateTimeOriginal] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    details[ExifTags.Base.OffsetTimeOriginal] = f"{offset[:3]}:{offset[3:]}"
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY, optimize=True, exif=exif)
    return file.getvalue()


def write_course(story: Story, folder: Path, after_each: Callable[[], object]) -> None:
    """Write the whole course into `folder`; `after_each` is called after every photo."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = []
    for picture in story.pictures:
        photo = take(story, picture)
        (folder / picture.file).write_bytes(encode_jpeg(photo, story.taken_at(picture)))
        truths.append((picture, photo))
        after_each()
    (folder / "course.toml").write_text(course_toml(story), encoding="utf-8")
    (folder / "truth.toml").write_text(truth_toml(story, truths), encoding="utf-8")


def course_toml(story: Story) -> str:
    """The course in the course format."""
    lines = [
        f"# {story.summary} Invented person; see ../ORIGIN.md.",
        "format = 1",
        "",
        "[patient]",
        f"skin_type = {story.skin_type}",
        f'time_zone = "{story.performed_at.tzinfo}"',
    ]
    if story.history:
        lines.append(f"history = {_value(list(story.history))}")
    lines += [
        "",
        "[treatment]",
        f'kind = "{story.kind}"',
        f"performed_at = {story.performed_at.isoformat()}",
        f'setting = "{story.setting}"',
        f"needle_depth_mm = {story.needle_depth_mm}",
        f"areas = {_value([region.value for region in TREATED])}",
    ]
    for picture in story.pictures:
        role = "baseline" if picture.day < 0 else "follow_up"
        lines += [
            "",
            "[[photos]]",
            f'file = "{picture.file}"',
            f"taken_at = {story.taken_at(picture).isoformat()}",
            f'role = "{role}"',
            'skin_state = "clean"',
        ]
    for day in story.check_in_days:
        at = _check_in_time(story, day)
        lines += ["", "[[check_ins]]", f"at = {at.isoformat()}"]
        lines += [
            f"{name} = {_value(answer)}"
            for name, answer in asdict(story.answers(day)).items()
            if answer is not None and answer != ""
        ]
    return "\n".join(lines) + "\n"


def _check_in_time(story: Story, day: int) -> datetime:
    """Answers come with the photo of the day, or at eight when there was none."""
    photo = [p for p in story.pictures if p.day >= 0 and int(p.day) == day]
    if photo:
        return story.taken_at(photo[-1])
    return story.taken_at(Picture("", float(day)))


def truth_toml(story: Story, taken: list[tuple[Picture, Photograph]]) -> str:
    """The truth of every photo: median doublings of blood and melanin by region."""
    lines = [
        "# Known truth of the rendered photos: median doublings against baseline, by region.",
        f'expected = "{story.expected or "none"}"',
    ]
    if story.onset_day is not None:
        lines.append(f"onset_day = {story.onset_day}")
    for picture, photo in taken:
        lines += [
            "",
            "[[photos]]",
            f'file = "{picture.file}"',
            f"usable = {_value(not picture.blurred)}",
        ]
        for region in TREATED:
            truth = photo.truth[Region(region)]
            lines.append(
                f"regions.{region} = "
                f"{{ redness = {truth.redness:.3f}, pigment = {truth.pigment:.3f} }}"
            )
    return "\n".join(lines) + "\n"


def _value(value: bool | int | str | list[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
