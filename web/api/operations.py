"""The operations of the HTTP API: one declaration serves each, guards it and documents it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, wraps
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar, get_type_hints

from flask import Blueprint, Response, request
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from tracker.domain.people.tokens import Scope
from web.api.calls import (
    KEY,
    KEYS,
    SHOWN,
    admitted,
    call_key,
    check_form,
    etag_of,
    once,
    read_body,
    read_query,
    shown_state,
)
from web.api.problems import PROBLEM_TYPE, Problem, Refused, answer, refused
from web.api.shapes import Jpeg
from web.security import API

VERSION = "v1"
PREFIX = f"{API}{VERSION}"
PLACE = re.compile(r"{(\w+)}")

REF = "#/components/schemas/{model}"
JSON = "application/json"
FORM = "multipart/form-data"
OPEN: tuple[dict[str, list[str]], ...] = ()
ETAG = {"ETag": {"description": "Names this state.", "schema": {"type": "string"}}}
RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
HEADERS: Mapping[int, Mapping[str, Any]] = {200: ETAG, 304: ETAG, 429: RETRY, 503: RETRY}
SCHEME = "token"
INPUT: Final = "validation"  # as pydantic calls the two
OUTPUT: Final = "serialization"

P = ParamSpec("P")
A = TypeVar("A")

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one path does.

    `query`, `body` and `answer` are the types that its function declares, None where it declares
    none; `scope` is None for what is open to everyone.
    """

    name: str
    method: str
    path: str
    scope: Scope | None
    summary: str
    query: type | None
    body: type | None
    needs_etag: bool
    answer: Any
    status: HTTPStatus

    @property
    def places(self) -> list[str]:
        """The names in its path."""
        return PLACE.findall(self.path)

    @property
    def takes_form(self) -> bool:
        """Whether its body is a form with a file, not JSON."""
        return self.body is not None and bytes in get_type_hints(self.body).values()

    @property
    def statuses(self) -> list[int]:
        """Every status that it may answer with."""
        found = {int(self.status), 429, 500, 503}
        if self.scope is not None:
            found |= {401, 403}
        if self.query is not None or self.body is not None:
            found |= {400}
        if self.body is not None:
            found |= {409, 413, 415, 422}
        if self.needs_etag:
            found |= {412, 428}
        if self.places:
            found |= {404}
        if self.method == "GET" and self.scope is not None:
            found |= {304}
        return sorted(found)


OPERATIONS: dict[str, Operation] = {}


def operation(
    method: str, path: str, scope: Scope | None, *, status: HTTPStatus = HTTPStatus.OK
) -> Callable[[Callable[P, A]], Callable[P, A]]:
    """Serve a function at a path.

    It takes a Call (where `scope` is not None), the names in the path, and `query` and `body` as it
    declares them. The first sentence of its docstring is the summary.
    """

    def serve(view: Callable[P, A]) -> Callable[P, A]:
        hints = get_type_hints(view)
        made = Operation(
            name=view.__name__,
            method=method,
            path=path,
            scope=scope,
            summary=(view.__doc__ or "").split("\n", 1)[0],
            query=hints.get("query"),
            body=hints.get("body"),
            needs_etag="if_match" in hints,
            answer=hints["return"],
            status=status,
        )
        OPERATIONS[made.name] = made

        @wraps(view)
        def served(**places: str) -> Response:
            return _served(made, view, places)

        route = PLACE.sub(r"<\1>", path)
        blueprint.add_url_rule(route, made.name, served, methods=[method])
        return view

    return serve


@blueprint.app_errorhandler(Refused)
def _say(error: Refused) -> Response:
    return answer(error.problem, error.headers)


def _served(made: Operation, view: Callable[..., Any], places: Mapping[str, str]) -> Response:
    given: dict[str, Any] = dict(places)
    call = None if made.scope is None else admitted(made.scope)
    if made.query is not None:
        given["query"] = read_query(made.query)
    elif request.args:
        raise refused(400, "query", "This takes no parameters", "Leave out what follows the ?.")
    if call is None:
        return _answered(made, view(**given))
    if made.body is None:
        return _answered(made, view(call=call, **given))
    call = replace(call, key=call_key())
    if made.needs_etag:
        given["if_match"] = shown_state()
    if made.takes_form:
        check_form()
    given["body"] = None if made.takes_form else read_body(made.body)
    return once(call, lambda: _answered(made, view(call=call, **given)))


def _answered(made: Operation, given: Any) -> Response:
    if isinstance(given, Jpeg):
        response = Response(given.data, made.status, content_type="image/jpeg")
    else:
        data = TypeAdapter(made.answer).dump_json(given)
        response = Response(data, made.status, content_type="application/json")
    etag = etag_of(response.get_data())
    if request.method in {"GET", "HEAD"} and request.if_none_match.contains_weak(etag):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    response.set_etag(etag)
    return response


@operation("GET", "/openapi.json", None)
def describe() -> dict[str, Any]:
    """This document."""
    return document()


@cache
def document() -> dict[str, Any]:
    """The whole document as plain values."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS.values():
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Afterglow",
            "version": "1",
            "description": "Courses of skin recovery, for programs that work in a person's name.",
        },
        "servers": [{"url": PREFIX}],
        "security": [{SCHEME: []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                SCHEME: {"type": "http", "scheme": "bearer", "description": "Made under Settings."}
            },
        },
    }


class _Schemas:
    """The schema of each type of each operation; those with a name are components."""

    def __init__(self) -> None:
        asked: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
            (PROBLEM_TYPE, OUTPUT, TypeAdapter(Problem))
        ]
        for each in OPERATIONS.values():
            if each.body is not None:
                asked.append((each.name, INPUT, TypeAdapter(each.body)))
            if each.answer is not Jpeg:
                asked.append((each.name, OUTPUT, TypeAdapter(each.answer)))
        self._made, definitions = TypeAdapter.json_schemas(asked, ref_template=REF)
        self.components = dict(sorted(definitions["$defs"].items()))

    def of(self, name: str, mode: JsonSchemaMode) -> dict[str, Any]:
        """What an operation takes or answers, as JSON Schema (2020-12, as OpenAPI 3.1 has it)."""
        return self._made[name, mode]


def _operation(made: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": made.name,
        "summary": made.summary,
        "parameters": [*_places(made), *_parameters(made), *_headers(made)],
        **_body(made, schemas),
        "responses": {str(status): _answer(made, status, schemas) for status in made.statuses},
        "security": list(OPEN) if made.scope is None else [{SCHEME: [str(made.scope)]}],
    }
    return described


def _places(made: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in made.places
    ]


def _parameters(made: Operation) -> list[dict[str, Any]]:
    if made.query is None:
        return []
    schema = TypeAdapter(made.query).json_schema(ref_template=REF)
    schema.pop("$defs", None)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": each,
        }
        for name, each in schema["properties"].items()
    ]


def _headers(made: Operation) -> list[dict[str, Any]]:
    needed = [KEY] if made.body is not None else []
    needed += [SHOWN] if made.needs_etag else []
    key = {"type": "string", "pattern": f"^{KEYS.pattern}$"}
    return [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": key if name == KEY else {"type": "string"},
        }
        for name in needed
    ]


def _body(made: Operation, schemas: _Schemas) -> dict[str, Any]:
    if made.body is None:
        return {}
    schema, kind = schemas.of(made.name, INPUT), FORM if made.takes_form else JSON
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


def _answer(made: Operation, status: int, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status in HEADERS:
        described["headers"] = HEADERS[status]
    if status == made.status and made.answer is Jpeg:
        described["content"] = {"image/jpeg": {}}
    elif status == made.status:
        schema = schemas.of(made.name, OUTPUT)
        described["content"] = {JSON: {"schema": schema}}
    elif status >= HTTPStatus.BAD_REQUEST:
        schema = schemas.of(PROBLEM_TYPE, OUTPUT)
        described["content"] = {PROBLEM_TYPE: {"schema": schema}}
    return described
