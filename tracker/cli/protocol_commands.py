"""`afterglow protocol`: the commands for protocol files."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import chain
from pathlib import Path

import click
from tqdm import tqdm

from tracker.actions.protocols.previewing import preview_limits
from tracker.cli.console import UNREADABLE, now, open_clinic, refused_argument, told_errors
from tracker.domain.alerts.alerts import Concern
from tracker.domain.editing.limits_preview import Count, counts, missed
from tracker.domain.editing.protocol_check import contradictions
from tracker.domain.protocols.floors import floor_mistakes
from tracker.domain.protocols.protocol_text import parse_protocol
from tracker.domain.protocols.protocols import Protocol, ProtocolError
from tracker.domain.protocols.toml_tables import Mistake
from tracker.environment import protocols_folder
from tracker.storage.protocols import protocol_editions, protocol_files


@click.group()
def protocol() -> None:
    """List, copy, check and preview the protocols: everything medical, as editable files.

    A clinic copies one, changes it, checks and previews it, and puts it into the folder that
    AFTERGLOW_PROTOCOLS names; there it replaces the shipped one of its kind.
    """


@protocol.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def list_command(as_json: bool) -> None:
    """List the protocols of the files: kind, variants, version, origin, who has signed them off.

    An edition that the clinic has put into force on its pages is listed instead; a file of the
    clinic's own overrides it.
    """
    with told_errors():
        in_use = protocol_files.read_all(protocols_folder(os.environ))
    found = [each for _, each in sorted(in_use.by_kind.items())]
    if as_json:
        click.echo(json.dumps([_row(each) for each in found]))
        return
    for each in found:
        variants = f" ({', '.join(each.variants)})" if each.variants else ""
        click.echo(f"{each.label}: {each.title}{variants}; {_origin(each)}; {each.sign_off_words}")


@protocol.command()
@click.argument("kind")
@click.argument("target", type=click.Path(path_type=Path))
def copy(kind: str, target: Path) -> None:
    """Copy the shipped protocol of KIND to TARGET, to be changed there.

    TARGET is a file whose name ends in .toml, or a folder, which is created if it is missing.
    """
    with refused_argument(ProtocolError):
        text = protocol_files.shipped_text(kind)
    file = target if target.suffix == ".toml" else target / f"{kind}.toml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError as error:
        message = f"{error.filename} is there already and was left alone; choose another name"
        raise click.UsageError(message) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from error
    click.echo(f"{file} is yours to change; then: afterglow protocol check {file}")


@protocol.command()
@click.argument("digest")
def edition(digest: str) -> None:
    """Print the protocol that judged an alert, by the DIGEST that the alert shows.

    Every text that was in use is kept in the clinic's database.
    """
    with told_errors(), open_clinic() as (_, db):
        text = protocol_editions.text_of(db, digest)
    if text is None:
        raise click.UsageError(f"no protocol with the digest {digest} was in use here")
    click.echo(text, nl=False)


@protocol.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check protocol FILES and name every mistake: file, key, line and remedy.

    This includes contradictions: between what a protocol calls normal and what it warns of or its
    band of redness, and warnings or questions that end too early. Exit status 2 when there is a
    mistake.
    """
    found: dict[str, list[str]] = {}
    for file in files:
        try:
            checked = protocol_files.read(file)
        except ProtocolError as error:
            found[str(file)] = str(error).splitlines()
            continue
        mistakes = (*_lowered(file, checked), *contradictions(checked))
        found[str(file)] = [f"{file}: {mistake}" for mistake in mistakes]
        if not mistakes and not as_json:
            click.echo(f"{file}: {_summary(checked)}")
    if as_json:
        click.echo(json.dumps({"mistakes": found}))
    else:
        for line in chain.from_iterable(found.values()):
            click.echo(line, err=True)
    if any(found.values()):
        sys.exit(UNREADABLE)


def _lowered(file: Path, read: Protocol) -> tuple[Mistake, ...]:
    """The shipped floors that are lowered without a reason, and that still apply."""
    known = protocol_files.shipped(read.kind)
    return floor_mistakes(parse_protocol(read.text, str(file)), known) if known else ()


@protocol.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    help="How far back alerts are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def preview(file: Path, days: int, as_json: bool) -> None:
    """Report what the protocol in FILE would have raised on the clinic's own courses.

    Every course is replayed in time order, under the present protocol and under FILE. Nothing is
    stored. Exit status 2 when FILE has a mistake.
    """
    changed = _readable(file)
    with told_errors(), open_clinic() as (world, db):
        replayed = preview_limits(db, world.protocols, changed, now() - timedelta(days=days))
        rows = list(tqdm(replayed, desc="Replaying", unit="course", disable=None))
    by_concern, lost = counts(rows), missed(rows)
    if as_json:
        click.echo(json.dumps(_as_json(by_concern, lost, len(rows))))
        return
    click.echo(f"{len(rows)} courses of {changed.title.lower()}, last {days} days; {changed.label}")
    for line in _preview_lines(by_concern, lost):
        click.echo(line)


def _origin(each: Protocol) -> str:
    shipped = each.kind in protocol_files.shipped_kinds()
    unchanged = shipped and protocol_files.load(each.kind).digest == each.digest
    return "as shipped" if unchanged else "the clinic's own"


def _row(each: Protocol) -> dict[str, object]:
    return {
        "kind": each.kind,
        "title": each.title,
        "variants": list(each.variants),
        "label": each.label,
        "origin": _origin(each),
        "sign_off": each.sign_off_words,
    }


def _summary(each: Protocol) -> str:
    return f"no mistake; {each.label}, {each.sign_off_words}"


def _readable(file: Path) -> Protocol:
    try:
        return protocol_files.read(file)
    except ProtocolError as error:
        click.echo(str(error), err=True)
        sys.exit(UNREADABLE)


def _preview_lines(
    by_concern: Mapping[Concern, tuple[Count, Count]], lost: Mapping[Concern, int]
) -> Iterable[str]:
    if not by_concern:
        yield "Neither the present limits nor these raise any alert."
        return
    none = Count(0, 0, 0, 0)
    present, changed = (sum(both, none) for both in zip(*by_concern.values(), strict=True))
    yield _both_words("in all", present, changed)
    for concern, (present, changed) in by_concern.items():
        yield _both_words(concern.words, present, changed)
        if lost.get(concern):
            yield f"  and would have missed {lost[concern]} that the clinic resolved as true"


def _both_words(about: str, present: Count, changed: Count) -> str:
    return (
        f"{about}: would have raised {_count_words(changed)};"
        f" the present limits raise {_count_words(present)}"
    )


def _count_words(count: Count) -> str:
    alerts = "1 alert" if count.alerts == 1 else f"{count.alerts} alerts"
    return f"{alerts} ({count.mailed} mailed), {count.false} of them resolved as false"


def _as_json(
    by_concern: Mapping[Concern, tuple[Count, Count]], lost: Mapping[Concern, int], courses: int
) -> dict[str, object]:
    def fields(count: Count) -> dict[str, int]:
        return {name: getattr(count, name) for name in ("alerts", "mailed", "false", "true")}

    return {
        "courses": courses,
        "concerns": {
            str(concern): {
                "present": fields(present),
                "changed": fields(changed),
                "missed_true": lost.get(concern, 0),
            }
            for concern, (present, changed) in by_concern.items()
        },
    }
