"""An executor that answers without looking, for tests of the code around the analysis."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from tests.tracker.courses_of_readings import reading
from tracker.domain.course.readings import Reading
from tracker.wires.compute import Analysed
from tracker.wires.photo_files import Picture

P = ParamSpec("P")
T = TypeVar("T")


def analysed(like: Reading) -> Analysed:
    """The analysis of a photo that shows the values of `like`."""
    return Analysed(
        method=like.method,
        opencv=like.opencv,
        reference=like.reference,
        residual=like.residual,
        warnings=(),
        regions=like.regions,
        asymmetry=like.asymmetry,
        is_mirrored=like.is_mirrored,
        pictures={Picture.THUMBNAIL: b"a small picture"},
    )


class Answering(Executor):
    """Gives the answers in turn; an exception among them is raised by its future.

    `calls` are the arguments it was asked with, `named` those that were given by name.
    """

    at_once = 8

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[object, ...]] = []
        self.named: list[Mapping[str, object]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self.calls.append(args)
        self.named.append(kwargs)
        future: Future[T] = Future()
        answer = self.answers.pop(0) if self.answers else analysed(reading(1.0))
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)  # type: ignore[arg-type]
        return future
