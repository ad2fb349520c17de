"""From contents to PDF and PNG: charts as SVG, pages by typst. Nothing is written to the disk."""

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

import typst
from jinja2 import Environment, PackageLoader
from PIL import Image

from web.charts.charts import Chart
from web.charts.timeline import Strip
from web.report.asking import Kind, Paper
from web.report.contents import Contents

log = logging.getLogger(__name__)

STANDARD = "ua-1"  # PDF/UA-1: tags, a language, words for every picture, no letter without a glyph
PIXELS_PER_INCH = 200.0
PAPERS: Mapping[Paper, str] = {Paper.A4: "a4", Paper.LETTER: "us-letter"}


def typeset(
    contents: Contents, pictures: Mapping[str, bytes], paper: Paper, kind: Kind, now: datetime
) -> bytes:
    """The pages as a tagged PDF, or their picture as PNG. `pictures` are SVG, by file name.

    Where no font of this machine has a letter of the text, PDF/UA is out of reach: then the pages
    are set all the same, and say so.
    """
    drawn = {"chart.svg": _chart(contents.chart, contents.strip)} if contents.chart else {}
    if contents.strip is not None:
        drawn["strip.svg"] = _strip(contents.strip)
    given, made = {**pictures, **drawn}, now.replace(microsecond=0)
    if kind is Kind.PNG:
        return _compiled(contents, given, paper, format="png", ppi=PIXELS_PER_INCH)
    try:
        return _compiled(contents, given, paper, pdf_standards=STANDARD, timestamp=made)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        log.warning("a report is printed with gaps: no font here has all of its letters")
        return _compiled(contents, given, paper, lacks_letters=True, timestamp=made)


def framed(photo: bytes) -> bytes:
    """A JPEG in an SVG, because typst takes only text from memory. Raises UnidentifiedImageError.

    The JPEG reaches the PDF as it is.
    """
    with Image.open(BytesIO(photo)) as opened:
        width, height = opened.size
    data = b64encode(photo).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{data}"/></svg>'
    ).encode()


def _compiled(
    contents: Contents,
    given: Mapping[str, bytes],
    paper: Paper,
    *,
    lacks_letters: bool = False,
    **options: Any,
) -> bytes:
    told = {
        **asdict(contents),
        "chart": contents.chart is not None,
        "strip": contents.strip is not None,
        "paper": PAPERS[paper],
        "lacks_letters": lacks_letters,
        "is_picture": options.get("format") == "png",
    }
    template = (files("web.report") / "report.typ").read_bytes()
    data = json.dumps(told, ensure_ascii=False).encode()
    pages = typst.compile(
        {"main.typ": template, "report.json": data, **given}, font_paths=_fonts(), **options
    )
    return bytes(pages)


@cache
def _fonts() -> typst.Fonts:
    """Those of the wheel; those of the machine for scripts that the former lack."""
    return typst.Fonts()


@cache
def _templates() -> Environment:
    """The charts of the pages, without a web server around them."""
    return Environment(loader=PackageLoader("web", "templates"), autoescape=True)


def _chart(chart: Chart, strip: Strip | None) -> bytes:
    return _svg("report_chart.html", chart=chart, strip=strip)


def _strip(strip: Strip) -> bytes:
    return _svg("report_strip.html", rows=strip)


def _svg(template: str, **drawn: object) -> bytes:
    return _templates().get_template(template).render(**drawn).encode()
