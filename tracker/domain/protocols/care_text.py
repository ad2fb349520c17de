"""Aftercare and spacing in the form of a protocol's text."""

from tracker.domain.course.check_ins import SIGNS
from tracker.domain.protocols.care import LAST_DAY, CareLine, Heading, Spacing
from tracker.domain.protocols.toml_tables import Table

SUBJECTS = (*SIGNS, "pain", "itch", "swelling", "redness", "darkening", "lightening")


def aftercare_in(table: Table, variants: list[str]) -> dict[Heading, tuple[CareLine, ...]]:
    """The lines of `[aftercare]` by heading; mistakes are recorded in the table."""
    care = {
        heading: tuple(_line(row, heading, variants) for row in table.rows(heading, least=1))
        for heading in Heading
    }
    for variant in variants or [""]:
        for heading in (Heading.NORMAL, Heading.CALL_US):
            _check_days(table, heading, care[heading], variant)
    return care


def spacing_in(row: Table) -> Spacing:
    """One `[[spacing]]`; mistakes are recorded in the table.

    The earlier treatment may be of another kind, so its variants cannot be checked here.
    """
    return Spacing(
        after_kind=row.text("after_kind"),
        variants=frozenset(row.texts("variants", least=1)) if row.has("variants") else frozenset(),
        from_mm=row.positive("from_mm", high=5) if row.has("from_mm") else None,
        least_days=row.whole("least_days", 1, LAST_DAY),
        words=row.text("words"),
    )


def _line(row: Table, heading: Heading, variants: list[str]) -> CareLine:
    first, last = _days(row)
    names_things = {Heading.DO: "uses", Heading.AVOID: "forbids"}.get(heading)
    return CareLine(
        first_day=first,
        last_day=last,
        line=row.text("line"),
        variants=row.named("variants", variants) if row.has("variants") else frozenset(),
        things=(
            frozenset(row.texts(names_things, least=1))
            if names_things and row.has(names_things)
            else frozenset()
        ),
        over_mm=row.positive("over_mm", high=5) if row.has("over_mm") else None,
        up_to_mm=row.positive("up_to_mm", high=5) if row.has("up_to_mm") else None,
        about=row.named("about", SUBJECTS) if row.has("about") else frozenset(),
        tells_apart=row.text("tells_apart") if row.has("tells_apart") else "",
    )


def _days(row: Table) -> tuple[int, int | None]:
    """The first and the last day; a line with `from_day` has no last day."""
    if row.has("from_day"):
        if row.has("days"):
            row.refuse("from_day", "is given together with days; keep only one of them")
        return row.whole("from_day", 0, LAST_DAY), None
    first, last = row.span("days", 0, LAST_DAY)
    if first != int(first) or last != int(last):
        row.refuse("days", "must be whole days, such as [0, 2]")
    return int(first), int(last)


def _check_days(table: Table, heading: Heading, lines: tuple[CareLine, ...], variant: str) -> None:
    """What is normal and when to call must be said for every day until the plan ends."""
    own = [line for line in lines if not line.variants or variant in line.variants]
    end = max((line.last_day or line.first_day for line in own), default=0)
    days = {day for line in own for day in range(line.first_day, (line.last_day or end) + 1)}
    missing = next((day for day in range(end) if day not in days), None)
    if missing is not None:
        after = f" after {variant}" if variant else ""
        table.refuse(heading, f"says nothing for day {missing}{after}; add a line for it")
