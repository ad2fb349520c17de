"""The page to print at home: the reference card at its true size, a ruler, and what to do with it.

One list of fields and lines of text is drawn twice: as PDF, where all stays sharp at any resolution
(the standard fonts that every viewer has), and as PNG for those who cannot print a PDF.
"""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from analysis.card.layout import (
    CARD_SIZE_MM,
    CARD_VERSION,
    MARKER_EDGE_MM,
    MARKER_MM,
    Field,
    printed_fields,
)
from analysis.images import LinearImage, to_bytes, to_srgb

PNG_DPI: Final = 300
RULER_MM: Final = 50
_MM_PER_INCH: Final = 25.4
_MARGIN_MM: Final = 22.0
_CARD_TOP_MM: Final = 44.0
_CUT_MM: Final = 2.0  # white left around the card
_DASH_MM: Final = (2.5, 1.5)  # drawn, left out
_BLACK: Final = (0.0, 0.0, 0.0)
_GREY: Final = (0.2, 0.2, 0.2)

_STEPS: Final = (
    "1.  Print this page at 100 % (“actual size”), in colour, on matt paper.",
    "2.  Check the ruler: it must be 50 mm long. Let the ink dry for an hour.",
    "3.  Cut along the dashed line. Do not fold or laminate the card.",
    "",
    "In every photo, the first one before treatment included:",
    "4.  Hold the card next to your cheek, not in front of your neck, as far away as your face.",
    "5.  Turn its printed side to the camera. No shadow and no reflection on it.",
    "6.  Touch only the white edge. Keep face, neck and all four black squares in sight.",
    "7.  Use this same printed card every day, and keep it dry and out of the sun.",
    "",
    "Another print has other inks: with a new card, take a new first photo or leave the card out.",
)


class Paper(StrEnum):
    """The sizes of paper that homes have."""

    A4 = "a4"
    LETTER = "letter"


_PAPER_MM: Final = {Paper.A4: (210.0, 297.0), Paper.LETTER: (215.9, 279.4)}


@dataclass(frozen=True, slots=True)
class CardSheet:
    """The page as a PDF and as a PNG of `PNG_DPI`."""

    pdf: bytes
    png: bytes


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of text: left end of its base line and height of its letters' em, in mm."""

    left: float
    base: float
    size: float
    words: str
    bold: bool = False


def draw_card(paper: Paper) -> CardSheet:
    """The one page to print: the card at true size, a ruler of 50 mm, plain instructions."""
    return CardSheet(
        pdf=draw_card_pdf(paper), png=_as_png(_PAPER_MM[paper], *_compose(_PAPER_MM[paper]))
    )


def draw_card_pdf(paper: Paper) -> bytes:
    """The same page as a PDF alone."""
    return _as_pdf(_PAPER_MM[paper], *_compose(_PAPER_MM[paper]))


def _compose(page: tuple[float, float]) -> tuple[list[Field], list[_Line]]:
    """All that is on the page, in mm from its top left corner."""
    width, height = CARD_SIZE_MM
    left, top = (page[0] - width) / 2, _CARD_TOP_MM
    fields = [
        Field(f.left + left, f.top + top, f.width, f.height, f.colour) for f in printed_fields()
    ]
    cut = (left - _CUT_MM, top - _CUT_MM, width + 2 * _CUT_MM, height + 2 * _CUT_MM)
    fields += _dashed(*cut)
    lines = [
        _Line(_MARGIN_MM, 24.0, 7.0, "Afterglow reference card", bold=True),
        _Line(_MARGIN_MM, 32.0, 4.2, "It shows what lamp and camera did to the colours today."),
    ]
    name = left + MARKER_EDGE_MM
    beside = top + MARKER_EDGE_MM + MARKER_MM
    lines += [
        _Line(name, beside + 12.0, 3.6, "Afterglow", bold=True),
        _Line(name, beside + 16.5, 3.0, f"card {CARD_VERSION}"),
    ]
    ruler_top = top + height + 14.0
    fields += _ruler(left, ruler_top)
    lines.append(_Line(left + RULER_MM + 5.0, ruler_top + 4.0, 3.8, "this ruler is 50 mm long"))
    text_top = ruler_top + 20.0
    lines += [
        _Line(_MARGIN_MM, text_top + 7.0 * i, 4.0, step) for i, step in enumerate(_STEPS) if step
    ]
    return fields, lines


def _dashed(left: float, top: float, width: float, height: float) -> list[Field]:
    """The outline of a rectangle to cut along."""
    drawn, step = _DASH_MM[0], sum(_DASH_MM)
    thick = 0.25
    dashes = []
    for x in np.arange(left, left + width, step):
        length = min(drawn, left + width - float(x))
        dashes += [Field(float(x), y, length, thick, _GREY) for y in (top, top + height)]
    for y in np.arange(top, top + height, step):
        length = min(drawn, top + height - float(y))
        dashes += [Field(x, float(y), thick, length, _GREY) for x in (left, left + width)]
    return dashes


def _ruler(left: float, top: float) -> list[Field]:
    """Fifty millimetres, a tick each, a longer one every ten."""
    line = 0.2
    ticks = [
        Field(left + mm - line / 2, top, line, 5.0 if mm % 10 == 0 else 2.5, _BLACK)
        for mm in range(RULER_MM + 1)
    ]
    return [Field(left, top - line / 2, float(RULER_MM), line, _BLACK), *ticks]


def _encoded(field: Field) -> tuple[float, float, float]:
    """The field's colour as display-encoded sRGB, 0..1."""
    colour = np.array(field.colour, np.float32).reshape(1, 1, 3)
    red, green, blue = (float(c) for c in to_srgb(LinearImage(colour)).pixels[0, 0])
    return red, green, blue


def _as_png(page: tuple[float, float], fields: list[Field], lines: list[_Line]) -> bytes:
    scale = PNG_DPI / _MM_PER_INCH
    canvas = np.full((round(page[1] * scale), round(page[0] * scale), 3), 255, np.uint8)
    for field in fields:
        top, left = round(field.top * scale), round(field.left * scale)
        bottom = max(round((field.top + field.height) * scale), top + 1)
        right = max(round((field.left + field.width) * scale), left + 1)
        canvas[top:bottom, left:right] = to_bytes(np.array(_encoded(field), np.float32))
    picture = Image.fromarray(canvas)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        font = ImageFont.load_default(line.size * scale)
        place = (line.left * scale, line.base * scale)
        bold = 0.02 * line.size * scale if line.bold else 0
        pen.text(place, line.words, "black", font, anchor="ls", stroke_width=bold)
    written = BytesIO()
    picture.save(written, "PNG", dpi=(PNG_DPI, PNG_DPI), optimize=True)
    return written.getvalue()


def _as_pdf(page: tuple[float, float], fields: list[Field], lines: list[_Line]) -> bytes:
    """One page of filled rectangles and text."""
    width, height = page
    written = BytesIO()
    # Without the time of day and its hash in it, a card printed twice is the same file.
    pen = Canvas(
        written, (width * mm, height * mm), pageCompression=1, invariant=1, pdfVersion=(1, 6)
    )
    pen.setTitle("Afterglow reference card")
    pen.setAuthor("Afterglow")
    pen.setCreator("Afterglow")
    # Viewers are asked not to scale; those that do are found out by the ruler.
    pen.setViewerPreference("PrintScaling", "None")
    pen.scale(mm, mm)
    for field in fields:
        pen.setFillColorRGB(*_encoded(field))
        bottom = height - field.top - field.height
        pen.rect(field.left, bottom, field.width, field.height, stroke=0, fill=1)
    pen.setFillColorRGB(*_BLACK)
    for line in lines:
        pen.setFont("Helvetica-Bold" if line.bold else "Helvetica", line.size)
        pen.drawString(line.left, height - line.base, line.words)
    pen.save()
    return written.getvalue()
