"""The protocols that ship with Afterglow, read from their files."""

from functools import cache
from importlib.resources import files

from tracker.protocols import Protocol, ProtocolError, parse_protocol

_FOLDER = files("tracker").joinpath("protocols")


def shipped_kinds() -> tuple[str, ...]:
    """The kinds of treatment there is a protocol for, by name."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def load(kind: str) -> Protocol:
    """The protocol of a kind of treatment; ProtocolError when there is none or it is broken."""
    if kind not in shipped_kinds():
        raise ProtocolError(f"no protocol for {kind!r}; use one of {', '.join(shipped_kinds())}")
    name = f"{kind}.toml"
    return parse_protocol(_FOLDER.joinpath(name).read_text(encoding="utf-8"), name)
