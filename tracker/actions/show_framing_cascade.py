"""The face finder that a page needs while the camera runs."""

from dataclasses import asdict

from analysis import framing_cascade


def show_framing_cascade() -> dict[str, object]:
    """The cascade as plain numbers; see `analysis.face.framing`."""
    return asdict(framing_cascade())
