"""Time zones: the names that are accepted, and the one name that each is stored by.

The tables come with the `tzdata` package, so that every machine accepts the same names: a machine's
own folder also holds `localtime`, `posixrules` and zones that count leap seconds.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = "UTC"
_SAME_AS_UTC = frozenset({"Etc/UTC", "Etc/GMT"})
# Zones of their own until tzdata 2024b made them links.
_OLD_RULES = {
    "EST5EDT": "America/New_York",
    "CST6CDT": "America/Chicago",
    "MST7MDT": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
}


@cache
def known_time_zones() -> tuple[str, ...]:
    """The IANA names that belong to a place, sorted."""
    return tuple(sorted(row.split("\t")[2] for row in _rows("zone.tab")))


def check_time_zone(name: str) -> str:
    """Return the canonical name of a time zone; ValueError with the remedy for any other text.

    Old names are accepted, because browsers report them. One that stands for a place of its own
    country is kept.
    """
    canonical = _canonical_names().get(name)
    if canonical is None or not _is_installed(canonical):
        raise ValueError(f"time zone {name!r} is unknown; write one such as Europe/Berlin")
    return canonical


def _is_installed(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@cache
def _canonical_names() -> dict[str, str]:
    """The stored name by every accepted name."""
    words = [row.split() for row in _rows("tzdata.zi")]
    links = {row[2]: row[1] for row in words if row[0] == "L"} | _OLD_RULES
    fixed = {row[1] for row in words if row[0] == "Z" and row[1].startswith("Etc/")}
    places = set(known_time_zones())
    names = {name: name for name in places | fixed}
    names |= {name: target for name, target in links.items() if name not in places}
    return {name: UTC if end in _SAME_AS_UTC else end for name, end in names.items()}


def _rows(table: str) -> list[str]:
    text = (files("tzdata") / "zoneinfo" / table).read_text(encoding="utf-8")
    return [row for row in text.splitlines() if row and not row.startswith("#")]
