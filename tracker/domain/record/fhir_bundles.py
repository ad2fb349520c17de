"""Open a FHIR bundle of any origin: its limits, its parts with their paths, who refers to what.

What is wrong is collected, so that all of it can be said at once.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from tracker.domain.record.codes import BASE, Coded, Resource

T = TypeVar("T")
MOST_BYTES: Final = 20_000_000
MOST_ENTRIES: Final = 1000
MOST_TOLD: Final = 20
MODIFIERS: Final = ("modifierExtension", "implicitRules")
"""Parts that may turn the meaning of all others around."""

KNOWN_EXTENSIONS: Final = frozenset(
    f"{BASE}/StructureDefinition/{name}"
    for name in (
        "time-zone",
        "setting",
        "needle-depth",
        "variant",
        "passes",
        "product-use",
        "batch",
    )
)


class BundleError(ValueError):
    """The bundle cannot be read; each line of the text is a path with a remedy."""


@dataclass(slots=True)
class Found:
    """What is wrong, and what was left aside, by kind."""

    troubles: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def refuse_all(self) -> None:
        """Raise BundleError if anything is wrong."""
        if self.troubles:
            raise BundleError("\n".join(_first(self.troubles)))

    def told_ignored(self) -> tuple[str, ...]:
        """What was left aside, each with its count."""
        return tuple(_first([f"{what}: {n}" for what, n in sorted(self.ignored.items())]))


def _first(lines: list[str]) -> list[str]:
    """The first lines. The file wrote parts of them: what moves a cursor is replaced."""
    shown = [_plain(line) for line in lines[:MOST_TOLD]]
    more = len(lines) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


def _plain(line: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bundle with its path. What is not as FHIR has it is noted and read as empty."""

    value: Resource
    path: str
    found: Found

    @property
    def kind(self) -> str:
        """The type of a resource."""
        return self.text("resourceType")

    def refuse(self, name: str, words: str) -> None:
        """Note what is wrong with a part, with its remedy."""
        self.found.troubles.append(f"{self.path}.{name}: {words}")

    def text(self, name: str) -> str:
        """A text, empty where there is none."""
        value = self.value.get(name, "")
        if isinstance(value, str):
            return value
        self.refuse(name, "must be a text")
        return ""

    def number(self, name: str) -> float | None:
        """A number, None where there is none."""
        value = self.value.get(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        self.refuse(name, "must be a number")
        return None

    def parts(self, name: str) -> "list[Part]":
        """The parts of a list; a single part counts as a list of one."""
        value = self.value.get(name, [])
        if isinstance(value, dict):
            return [Part(value, f"{self.path}.{name}", self.found)]
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            paths = (f"{self.path}.{name}[{number}]" for number in range(len(value)))
            return [Part(one, at, self.found) for one, at in zip(value, paths, strict=True)]
        self.refuse(name, "must hold objects")
        return []

    def codings(self) -> list[Coded]:
        """The codes of a concept, also of one that could be a reference (R5)."""
        concepts = [self, *self.parts("concept")]
        inner = [each for concept in concepts for each in concept.parts("coding")]
        return [(each.text("system"), each.text("code")) for each in inner]

    def own(self, name: str) -> "Part | None":
        """The extension of our own of this name."""
        url = f"{BASE}/StructureDefinition/{name}"
        found = (each for each in self.parts("extension") if each.value.get("url") == url)
        return next(found, None)

    def made(self, name: str, make: Callable[[], T]) -> T | None:
        """A value of ours; what the facts say against it is noted at their path."""
        try:
            return make()
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def list_others(self, known: frozenset[str]) -> None:
        """Note which parts of a resource are left aside."""
        for name in self.value.keys() - known - {"resourceType", "id", "meta", "text", "extension"}:
            self.found.ignored[f"{self.kind}.{name[:60]}"] += 1


def opened(data: bytes) -> list[Part]:
    """The resources of a bundle. Raises BundleError."""
    bundle = _parsed(data)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BundleError("the file is no Bundle; put the Patient and the Procedures into one")
    found = Found()
    whole = Part(bundle, "Bundle", found)
    entries = whole.parts("entry")
    if len(entries) > MOST_ENTRIES:
        raise BundleError(
            f"the bundle has {len(entries)} entries, and {MOST_ENTRIES} at most are read;"
            " export fewer patients at once"
        )
    if "implicitRules" in bundle:
        whole.refuse("implicitRules", "may change what the rest means; take it out if it does not")
    for entry in entries:
        if entry.value.get("request", {}) not in ({}, None) and _deletes(entry):
            entry.refuse("request", "deletes; only bundles that add patients are read")
    resources = [each for entry in entries for each in entry.parts("resource")]
    found.refuse_all()
    return resources


def _deletes(entry: Part) -> bool:
    return any(each.text("method") == "DELETE" for each in entry.parts("request"))


def _parsed(data: bytes) -> object:
    if len(data) > MOST_BYTES:
        raise BundleError(
            f"the file has more than {MOST_BYTES} bytes; export fewer patients, without photos"
        )
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except RecursionError:
        raise BundleError("the file is nested too deep; no bundle of patients is") from None
    except ValueError as error:  # not UTF-8, too
        raise BundleError(f"the file is no JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> Resource:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("one object has the same name twice")
    return read


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def named(resources: list[Part]) -> Mapping[str, Part]:
    """The resources by their names, such as `Patient/7`, and by the addresses of their entries."""
    by_name: dict[str, Part] = {}
    for each in resources:
        name = f"{each.kind}/{each.text('id')}"
        if name in by_name:
            each.refuse("id", f"{name} is in the bundle twice; leave one out")
        by_name[name] = each
    return by_name


def refuse_modifiers(part: Part) -> None:
    """Refuse what may turn the meaning around, however deep; note extensions of others."""
    waiting: list[tuple[str, Any]] = [(part.path, part.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(f"{path}[{number}]", each) for number, each in enumerate(value)]
        if not isinstance(value, dict):
            continue
        for name in MODIFIERS:
            if name in value:
                words = "may change what the rest means; take it out if it does not"
                part.found.troubles.append(f"{path}.{name}: {words}")
        for each in value.get("extension") or []:
            url = each.get("url") if isinstance(each, dict) else None
            if url not in KNOWN_EXTENSIONS:
                part.found.ignored[f"extension {str(url)[:200]}"] += 1
        waiting += [(f"{path}.{name}", each) for name, each in value.items() if name != "contained"]


def referred(reference: Part, by_name: Mapping[str, Part]) -> Part | None:
    """The resource that a reference names: relative, or an address that ends like one."""
    name = reference.text("reference")
    return by_name.get(name) or by_name.get("/".join(name.split("/")[-2:]))
