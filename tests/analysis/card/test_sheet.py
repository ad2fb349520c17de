"""The page to print: true size, sharp, readable by the very code that reads photos."""

import base64
import re
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from analysis import decode_photo, draw_card
from analysis.card.layout import CARD_SIZE_MM, CARD_VERSION, PATCHES
from analysis.card.locator import card_edge
from analysis.card.reference import read_card
from analysis.card.sheet import PNG_DPI, RULER_MM, Paper
from analysis.images import LinearImage, to_srgb

SIZES = {Paper.A4: (210.0, 297.0), Paper.LETTER: (215.9, 279.4)}


def drawn_on(pdf: bytes) -> str:
    stream = re.search(rb"stream\r?\n(.*)~>endstream", pdf, re.DOTALL)
    assert stream
    return zlib.decompress(base64.a85decode(stream[1])).decode("cp1252")


@pytest.mark.parametrize("paper", Paper)
def test_the_page_has_the_size_of_the_paper(paper: Paper) -> None:
    sheet = draw_card(paper)
    width, height = SIZES[paper]
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", sheet.pdf)
    assert box
    assert [float(side) for side in box.groups()] == pytest.approx(
        [width / 25.4 * 72, height / 25.4 * 72], abs=0.01
    )
    with Image.open(BytesIO(sheet.png)) as picture:
        assert picture.info["dpi"] == pytest.approx((PNG_DPI, PNG_DPI), abs=0.1)
        inches = [side / PNG_DPI * 25.4 for side in picture.size]
        assert inches == pytest.approx([width, height], abs=0.1)


def test_the_pdf_is_one_page_whose_table_points_at_its_objects() -> None:
    pdf = draw_card(Paper.A4).pdf
    assert pdf.startswith(b"%PDF-1.")
    assert b"/Count 1" in pdf
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    entries = pdf[start:].split(b"\n")[3:]
    for number, entry in enumerate(entries, start=1):
        if not entry.endswith(b" n "):
            break
        assert pdf[int(entry[:10]) :].startswith(f"{number} 0 obj\n".encode())
    assert b"/PrintScaling /None" in pdf
    assert pdf.startswith(b"%PDF-1.6")  # since which viewers know it
    assert b"anonymous" not in pdf


def test_a_card_printed_again_is_the_same_file() -> None:
    assert draw_card(Paper.A4).pdf == draw_card(Paper.A4).pdf


def test_the_pdf_shows_ruler_and_patches_at_their_size_and_in_their_colours() -> None:
    number = r"([\d.]+)"
    found = re.findall(
        rf"{number} {number} {number} rg\nn [\d.]+ [\d.]+ {number} {number} re f",
        drawn_on(draw_card(Paper.A4).pdf),
    )
    drawn = np.array(found, np.float64)
    wanted = [(0.0, 0.0, 0.0, float(RULER_MM), 0.2)]
    for patch in PATCHES:
        light = LinearImage(np.array([[patch.colour]], np.float32))
        wanted.append((*to_srgb(light).pixels[0, 0], patch.width, patch.height))
    for field in wanted:
        assert np.abs(drawn - field).max(axis=1).min() < 1e-5, field


def test_the_pdf_says_how_to_print_and_hold_it() -> None:
    text = drawn_on(draw_card(Paper.LETTER).pdf)
    for words in ("100 %", "matt paper", f"{RULER_MM} mm", "same printed card every day", "shadow"):
        assert words in text, words
    assert f"card {CARD_VERSION}" in text


def test_everything_on_the_page_can_be_printed_by_a_home_printer() -> None:
    for paper, (width, height) in SIZES.items():
        drawn = drawn_on(draw_card(paper).pdf)
        assert f"{72 / 25.4:.6f} 0 0 {72 / 25.4:.6f} 0 0 cm" in drawn  # all below is in mm
        boxes = re.findall(r"^n ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re f", drawn, re.MULTILINE)
        assert len(boxes) > 200
        for x, y, wide, high in (map(float, box) for box in boxes):
            assert min(x, y) > 10, (x, y)
            assert x + wide < width - 10
            assert y + high < height - 10


@pytest.mark.parametrize("paper", Paper)
def test_the_picture_shows_the_card_at_its_true_size_and_in_its_colours(paper: Paper) -> None:
    reading = read_card(decode_photo(draw_card(paper).png))
    assert card_edge(reading.to_photo) / PNG_DPI * 25.4 == pytest.approx(CARD_SIZE_MM[0], abs=0.2)
    wanted = np.array([patch.colour for patch in PATCHES])
    assert reading.good.all()
    assert reading.colours == pytest.approx(wanted, abs=0.006)
