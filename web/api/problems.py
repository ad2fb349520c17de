"""What went wrong, for programs: `application/problem+json` (RFC 9457), thing and remedy."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus

from flask import Response

PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one value. `at` names the field, nothing repeats what was sent."""

    at: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """`type` names the kind for programs, `title` says what, `detail` what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldProblem, ...] = ()


class Refused(Exception):  # noqa: N818  (an answer, not a fault of ours)
    """The request gets this problem as its answer, with these headers."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.headers = dict(headers or {})


def kind_of(name: str) -> str:
    """The `type` of the problems of this name: a URN, which leads nowhere."""
    return f"urn:afterglow:problem:{name}"


def of_page(status: int, title: str, detail: str) -> Problem:
    """The problem that a page would tell about in these words."""
    return Problem(
        kind_of(HTTPStatus(status).name.lower().replace("_", "-")), title, status, detail
    )


def refused(
    status: int,
    name: str,
    title: str,
    detail: str,
    *,
    errors: tuple[FieldProblem, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Refused:
    """What ends the request with this problem when it is raised."""
    return Refused(Problem(kind_of(name), title, status, detail, errors), headers)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    text = json.dumps(asdict(problem), ensure_ascii=False)
    return Response(text, problem.status, headers, content_type=PROBLEM_TYPE)
