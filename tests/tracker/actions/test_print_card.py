from pathlib import Path

import pytest
from click.testing import CliRunner

from tracker.cli.main import main


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_card_is_written_as_pdf_and_png_and_the_command_says_where(
    tmp_path: Path, paper: str
) -> None:
    folder = tmp_path / "cards"
    result = CliRunner().invoke(main, ["card", "--paper", paper, "--out", str(folder)])
    assert result.exit_code == 0, result.output
    pdf, png = folder / f"afterglow-card-{paper}.pdf", folder / f"afterglow-card-{paper}.png"
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert str(pdf) in result.output
    assert str(png) in result.output


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    result = CliRunner().invoke(main, ["card", "--out", str(tmp_path / "taken" / "cards")])
    assert result.exit_code == 1
    assert "cannot write to" in result.output


def test_paper_that_is_not_known_is_refused() -> None:
    assert CliRunner().invoke(main, ["card", "--paper", "a9"]).exit_code == 2
