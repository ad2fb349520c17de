"""Write the reference card as files that can be printed."""

from pathlib import Path

from analysis import draw_card
from analysis.card.sheet import Paper


def print_card(paper: Paper, folder: Path) -> tuple[Path, Path]:
    """Write the card's page as PDF and PNG into a folder, made where it is missing; both paths."""
    sheet = draw_card(paper)
    folder.mkdir(parents=True, exist_ok=True)
    pdf, png = (folder / f"afterglow-card-{paper}.{kind}" for kind in ("pdf", "png"))
    pdf.write_bytes(sheet.pdf)
    png.write_bytes(sheet.png)
    return pdf, png
