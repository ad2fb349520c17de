"""Protocols from their files: the shipped ones, and a clinic's own in their place."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from tracker.domain.protocols.floors import with_shipped_floors
from tracker.domain.protocols.protocol_text import parse_protocol
from tracker.domain.protocols.protocols import Protocol, ProtocolError, Protocols

_SHIPPED = files("tracker.domain.protocols")


def shipped_kinds() -> tuple[str, ...]:
    """The kinds of treatment that have a shipped protocol, by name."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def shipped_text(kind: str) -> str:
    """The text of a shipped protocol; ProtocolError that names the known kinds."""
    if kind not in shipped_kinds():
        raise ProtocolError(f"no protocol for {kind!r}; use one of {', '.join(shipped_kinds())}")
    return _SHIPPED.joinpath(f"{kind}.toml").read_text(encoding="utf-8")


@cache
def load(kind: str) -> Protocol:
    """The shipped protocol of a kind of treatment."""
    return parse_protocol(shipped_text(kind), f"{kind}.toml")


def shipped(kind: str) -> Protocol | None:
    """The shipped protocol of a kind of treatment, None where there is none."""
    return load(kind) if kind in shipped_kinds() else None


def parse_own(text: str, source: str) -> Protocol:
    """A clinic's protocol; shipped floors that it lowers without a reason still apply.

    Raises ProtocolError like `parse_protocol`. An edition older than a shipped floor can thus still
    be read, and misses no sign that another would report.
    """
    protocol = parse_protocol(text, source)
    known = shipped(protocol.kind)
    return with_shipped_floors(protocol, known) if known else protocol


def read(path: Path) -> Protocol:
    """The protocol in a clinic's file; ProtocolError names every mistake."""
    try:  # some editors begin UTF-8 with a byte order mark, which is not part of the text
        return parse_own(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ProtocolError(f"{path}: {error.strerror}; name a protocol's file") from error
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path}: not UTF-8 text; save it as UTF-8") from error


def read_all(folder: Path | None) -> Protocols:
    """The shipped protocols, replaced kind by kind by the `*.toml` files in a clinic's folder.

    Raises ProtocolError like `read_own`.
    """
    return with_shipped(read_own(folder))


def read_own(folder: Path | None) -> Mapping[str, Protocol]:
    """The protocols in a clinic's folder by kind; none without a folder.

    Raises ProtocolError with every mistake of every file: a clinic must not work with a protocol
    other than the one it believes in.
    """
    own, troubles = _own(folder) if folder is not None else ({}, [])
    if troubles:
        raise ProtocolError("\n".join(troubles))
    return own


def with_shipped(own: Mapping[str, Protocol]) -> Protocols:
    """The shipped protocols with a clinic's own in their place."""
    return Protocols({kind: load(kind) for kind in shipped_kinds()} | dict(own))


def _own(folder: Path) -> tuple[Mapping[str, Protocol], list[str]]:
    if not folder.is_dir():
        return {}, [f"{folder}: no such folder; make it, or leave AFTERGLOW_PROTOCOLS unset"]
    own: dict[str, Protocol] = {}
    troubles = []
    for path in sorted(folder.glob("*.toml")):
        try:
            protocol = read(path)
        except ProtocolError as error:
            troubles.append(str(error))
            continue
        if protocol.kind in own:
            troubles.append(f"{path}: a second protocol for {protocol.kind}; keep one of them")
        own[protocol.kind] = protocol
    return own, troubles
