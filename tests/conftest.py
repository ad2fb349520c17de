"""The cast and the world that tests share: Alice and Bob are patients, Dr Dana treats Alice."""

import gc
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import copytree
from types import CodeType

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlite_utils import Database
from werkzeug.routing import Rule

from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.people.people import Person, Role
from tracker.settings import Settings
from tracker.storage.protocols import protocol_files
from tracker.wires import passphrases
from tracker.world import World, open_world

TREATED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSPHRASE = "a long enough passphrase"
PROTOCOLS = protocol_files.read_all(None)
JOURNEYS = Path(__file__).parent / "journeys"
SHIPPED_HASHER = passphrases.HASHER


def pytest_xdist_auto_num_workers() -> int:
    """One more worker than cores, because tests also wait for a browser or another process."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: one worker begins with them, so that browsers do not meet at the end."""
    items.sort(key=lambda item: JOURNEYS not in item.path.parents)


@dataclass(frozen=True)
class Cast:
    """Everyone who appears in the tests."""

    alice: Person
    bob: Person
    dana: Person
    eli: Person
    treatment: Treatment


@pytest.fixture(scope="module")
def swept() -> Iterator[None]:
    """For modules whose clients, of a store or a cluster, leave connections open behind them.

    Else the garbage collector finds one during a later test, which then fails for it.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session", autouse=True)
def cheap_passphrases() -> Iterator[None]:
    """Hash at the lowest cost, and judge each passphrase once.

    Hashing took a third of the time of the pages' tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher.from_parameters(CHEAPEST)
        patch.setattr(passphrases, "HASHER", cheap)
        patch.setattr(passphrases, "CODE_HASHER", cheap)
        patch.setattr(passphrases, "is_easy", cache(passphrases.is_easy))
        yield


class CompiledTemplates(BytecodeCache):
    """Compiled templates, shared by all applications of this process."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out the code of an earlier application."""
        bucket.code = self._code.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code for the next one."""
        assert bucket.code is not None
        self._code[bucket.key] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Compile a template once: every test makes its own application."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> Iterator[None]:
    """Compile the builder of an address once, for every application of this process.

    It depends on the text of the rule alone. Compiling took half of the time of the pages' tests.
    """
    compiled: dict[tuple[object, ...], object] = {}
    compile_builder = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> object:
        key = (rule.rule, *rule._trace, repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", builder)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "data")


def settings_for(data: Path) -> Settings:
    """A clinic of this machine, without mail, in the folder `data`."""
    return Settings(
        data=data,
        secret=b"0" * 32,
        host="127.0.0.1",
        port=8000,
        base_url="http://127.0.0.1:8000",
        smtp_url=None,
        mail_from="Afterglow <afterglow@clinic.example>",
        second_step=False,
    )


@pytest.fixture(scope="session")
def empty_clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all its tables and nothing in them, made once."""
    data = tmp_path_factory.mktemp("empty") / "data"
    open_world(settings_for(data))
    return data


@pytest.fixture
def world(settings: Settings, empty_clinic: Path) -> World:
    if not settings.data.exists():  # another world of this test may share the folder
        copytree(empty_clinic, settings.data)
    return open_world(settings)


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    connection = world.connect()
    yield connection
    connection.close()


@pytest.fixture
def cast(db: Database) -> Cast:
    return cast_of(db)


def cast_of(db: Database) -> Cast:
    """Everyone, in a clinic that is empty so far."""
    dana = _add(db, "Dr Dana", Role.PRACTITIONER)
    eli = _add(db, "Dr Eli", Role.PRACTITIONER)
    alice = _add(db, "Alice", Role.PATIENT, cared_for_by=dana.id)
    bob = _add(db, "Bob", Role.PATIENT)
    treatment = begin_treatment(
        db,
        PROTOCOLS,
        Treatment(
            id="",
            patient_id=alice.id,
            kind="microneedling",
            performed_at=TREATED_AT,
            setting=Setting.CLINIC,
            needle_depth_mm=1.5,
            areas=frozenset(AREAS),
        ),
    )
    return Cast(alice, bob, dana, eli, treatment)


def _add(db: Database, name: str, role: Role, cared_for_by: str | None = None) -> Person:
    email = f"{name.rsplit(' ', maxsplit=1)[-1].lower()}@clinic.example"
    person = Person("", role, name, email, "Europe/Berlin")
    return add_person(db, person, PASSPHRASE, cared_for_by=cared_for_by)
