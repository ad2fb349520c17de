"""What pages get next to our static files: what makes them an app on a phone, and libraries.

Libraries are installed at set-up and served from our own origin, never committed. Every page works
without them: if one is missing, the server draws the chart.
"""

from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.pictures import show_framing_cascade

UPLOT = Path(__file__).parent / "node_modules" / "uplot" / "dist"

blueprint = Blueprint("app_shell", __name__, static_folder=UPLOT, static_url_path="/kept/uplot")


@blueprint.app_context_processor
def offered() -> dict[str, bool]:
    """What templates may ask for."""
    return {"has_uplot": (UPLOT / "uPlot.iife.min.js").is_file()}


@blueprint.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """How the pages look on a home screen."""
    icon = url_for("static", filename="icon.svg")
    answer = jsonify(
        name="Afterglow",
        short_name="Afterglow",
        description="Your skin after treatment, day by day.",
        start_url="/",
        scope="/",
        display="standalone",
        background_color="#fbf6f1",
        theme_color="#fbf6f1",
        icons=[
            {"src": icon, "sizes": "any", "type": "image/svg+xml", "purpose": purpose}
            for purpose in ("any", "maskable")
        ],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@blueprint.get("/service-worker.js")
def service_worker() -> ResponseReturnValue:
    """The script that opens pages without a network; at the root so that it covers all pages."""
    return current_app.send_static_file("service_worker.js")


@blueprint.get("/framing-cascade.json")
def framing_cascade() -> ResponseReturnValue:
    """The face finder of the camera page."""
    answer: Response = jsonify(show_framing_cascade())
    return answer
