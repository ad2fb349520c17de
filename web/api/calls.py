"""A call of the HTTP API: who asks, whether the token is good for it, and what was sent."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, Response, current_app, request
from flask_login import current_user
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import TypeAdapter, ValidationError

from tracker.actions.people.tokens import begin_call, end_call, forget_call
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Person
from tracker.domain.people.tokens import KeptAnswer, OtherCall, Scope, UnderWay, scopes_for
from web.api.problems import FieldProblem, refused
from web.security import network, seconds_until
from web.session import Resources, resources, used_token

CALLS_PER_TOKEN = "600 per minute"  # noqa: S105  (a number)
WRONG_TOKENS_PER_NETWORK = "60 per 10 minutes"
LIMITS: Final = "afterglow.api"


@dataclass(frozen=True, slots=True)
class Call(Resources):
    """A request of a program, in the name of a person; `key` is that of a call that writes."""

    person: Person
    viewer: Viewer
    key: str = ""


SHOWN = "If-Match"
KEY = "Idempotency-Key"
KEYS = re.compile(r"[!-~]{16,100}")


def init_app(app: Flask) -> None:
    """Count the calls of each token, and the tries of each network."""
    app.extensions[LIMITS] = FixedWindowRateLimiter(MemoryStorage())


def admitted(scope: Scope) -> Call:
    """Who asks, if their token is good for it. Raises Refused."""
    if not current_user.is_authenticated:
        _count(WRONG_TOKENS_PER_NETWORK, network())
        raise refused(
            401,
            "token",
            "There is no token that works here",
            "Send `Authorization: Bearer` with a token that is neither revoked nor over. Its owner"
            " makes one under Settings.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    token = used_token()
    _count(CALLS_PER_TOKEN, token.id)
    if scope not in token.scopes & scopes_for(current_user.viewer):
        raise refused(
            403,
            "scope",
            "This token is not good for that",
            f"It needs the scope {scope}, and its owner must be allowed to do it.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
    its = resources()
    return Call(its.world, its.db, its.now, current_user.person, current_user.viewer)


def _count(limit: str, whose: str) -> None:
    limiter: FixedWindowRateLimiter = current_app.extensions[LIMITS]
    item: RateLimitItem = parse(limit)
    if not limiter.hit(item, whose):
        again = seconds_until(limiter.get_window_stats(item, whose).reset_time)
        raise refused(
            429,
            "too-many",
            "Too many requests",
            f"At most {limit} are answered. Wait as long as Retry-After says.",
            headers={"Retry-After": str(again)},
        )


def read_query(kind: type) -> Any:
    """The parameters of the address. Raises Refused."""
    sent = request.args.to_dict(flat=False)
    twice = sorted(name for name, values in sent.items() if len(values) > 1)
    try:
        if twice:
            raise refused(400, "query", "A parameter is there twice", "Send each parameter once.")
        return TypeAdapter(kind).validate_python({name: sent[name][0] for name in sent})
    except ValidationError as error:
        raise refused(
            400,
            "query",
            "The parameters of the address are not right",
            "Correct what `errors` names.",
            errors=field_problems(error),
        ) from error


def field_problems(error: ValidationError) -> tuple[FieldProblem, ...]:
    """What pydantic found, without the values."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return tuple(FieldProblem(".".join(map(str, each["loc"])), each["msg"]) for each in found)


def read_body(kind: type) -> Any:
    """The body as a value of this type. Raises Refused."""
    if request.mimetype != "application/json":
        raise refused(
            415, "media-type", "The body must be JSON", "Send `Content-Type: application/json`."
        )
    try:
        return TypeAdapter(kind).validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        raise refused(
            422,
            "body",
            "What was sent is not right",
            "Correct what `errors` names. Nothing was kept.",
            errors=field_problems(error),
        ) from error


def check_form() -> None:
    """Raise Refused unless the body is a form with a file."""
    if request.mimetype != "multipart/form-data":
        raise refused(415, "media-type", "The body must be a form", "Send `multipart/form-data`.")


def etag_of(data: bytes) -> str:
    """The ETag of a representation, without its quotes."""
    return hashlib.sha256(data).hexdigest()[:32]


def check_match(if_match: str, now: object) -> None:
    """Raise Refused unless the thing is still as its reader has seen it."""
    if if_match.strip() != f'"{etag_of(TypeAdapter(type(now)).dump_json(now))}"':
        raise refused(
            412,
            "not-current",
            "It is no longer as it was read",
            "Read it again, and decide by what it is now.",
        )


def shown_state() -> str:
    """The ETag that a call must name. Raises Refused."""
    if SHOWN not in request.headers:
        raise refused(428, "no-etag", "If-Match is missing", "Send the ETag of what was read.")
    return request.headers[SHOWN]


def call_key() -> str:
    """The key by which a repeat of this call is known. Raises Refused."""
    key = request.headers.get(KEY, "")
    if not KEYS.fullmatch(key):
        raise refused(
            400,
            "key",
            f"{KEY} is missing or not right",
            "Send 16 to 100 characters without blanks that are fresh for each new call, such as a"
            " UUID, and the same ones when a call is repeated.",
        )
    return key


def once(call: Call, answer: Callable[[], Response]) -> Response:
    """The answer; a repeat gets the one before, and nothing is done twice. Raises Refused."""
    begun = KeptAnswer(call.person.id, call.key, _fingerprint(), call.now)
    try:
        known = begin_call(call.db, begun)
    except OtherCall:
        raise refused(
            422, "key-used", f"{KEY} belongs to another call", "Make a fresh key for this one."
        ) from None
    except UnderWay:
        raise refused(
            409,
            "under-way",
            "The same call has not been answered yet",
            "Wait as long as Retry-After says, then repeat it with the same key.",
            headers={"Retry-After": "5"},
        ) from None
    if known is not None:
        return Response(known.body, known.status, content_type="application/json")
    try:
        response = answer()
    except BaseException:
        forget_call(call.db, begun)
        raise
    end_call(call.db, begun, response.status_code, response.get_data())
    return response


def _fingerprint() -> str:
    """A digest of all that was sent: it is kept, what was sent is not."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    if request.mimetype == "multipart/form-data":  # its boundary is another one each time
        for name, text in sorted(request.form.items(multi=True)):
            digest.update(f"{name}={text}\n".encode())
        for name, sent in sorted(request.files.items(multi=True)):
            digest.update(f"{name}:{hashlib.sha256(sent.read()).hexdigest()}\n".encode())
            sent.seek(0)
    else:
        digest.update(request.get_data())
    return digest.hexdigest()
