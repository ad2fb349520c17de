"""Libraries for the pages, installed at set-up and served from our own origin, never committed.

Every page works without them: if one is missing, the server draws the chart.
"""

from pathlib import Path

from flask import Blueprint

UPLOT = Path(__file__).parent / "node_modules" / "uplot" / "dist"

blueprint = Blueprint("libraries", __name__, static_folder=UPLOT, static_url_path="/kept/uplot")


@blueprint.app_context_processor
def offered() -> dict[str, bool]:
    """What templates may ask for."""
    return {"has_uplot": (UPLOT / "uPlot.iife.min.js").is_file()}
