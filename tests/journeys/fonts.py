"""The fonts that a browser finds: chosen by the tests, because every machine has others.

Letters of DejaVu Sans are some 12 % wider than those of Arimo, which is as wide as Arial, Helvetica
and Liberation Sans. A layout that works with both works with those of phones and desktops.
"""

from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape

import web

PACKAGES = Path(web.__file__).parent / "node_modules"
CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <edit name="family" mode="assign" binding="strong"><string>{family}</string></edit>
  </match>
</fontconfig>
"""


class FontSet(StrEnum):
    """The only family that a browser has."""

    WIDE = "DejaVu Sans"
    USUAL = "Arimo"

    @property
    def folder(self) -> Path:
        """Where the package keeps the family's files."""
        wide = self is FontSet.WIDE
        return PACKAGES / ("dejavu-fonts-ttf/ttf" if wide else "@expo-google-fonts/arimo")


def font_settings(fonts: FontSet, folder: Path) -> dict[str, str]:
    """The environment that leaves a browser this one family.

    Raises FileNotFoundError if the family's package is not installed.
    """
    if not fonts.folder.is_dir():
        raise FileNotFoundError(f"{fonts.folder} is missing; run `make install` with a network")
    conf = folder / f"{fonts.name.lower()}.conf"
    parts = {"folder": fonts.folder, "cache": folder / "cache", "family": fonts}
    conf.write_text(CONF.format(**{name: escape(str(part)) for name, part in parts.items()}))
    return {"FONTCONFIG_FILE": str(conf)}
