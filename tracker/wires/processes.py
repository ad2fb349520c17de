"""Processes for what touches pixels: measuring on an executor, uploads within limits."""

import ctypes
import logging
import os
import resource
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, LifoQueue
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic, process_time
from types import TracebackType
from typing import ParamSpec, Protocol, TypeVar

import cv2

from analysis.errors import Fault, Unmeasurable
from tracker.settings import OBJECT_STORE

P = ParamSpec("P")
T = TypeVar("T")
MEBIBYTE = 1024 * 1024
START_SECONDS = 60
MOST_BY_VALUE = 32  # of some 10 MB each, with what was computed of both photos earlier
CALLED = "tracker.wires.compute"  # what nearly every call needs
# For glibc's mallopt: how many heaps there are, and from which size a block is outside
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
HEAPS, BLOCK_OUTSIDE_BYTES = 2, 2 * MEBIBYTE
STATM = Path("/proc/self/statm")  # only Linux tells a process its size, and can limit it

log = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818  (a state of the service, not of the photo)
    """The service ends; what was to be done is done after its next start."""


def at_once(compute: Executor, url: str = "") -> int:
    """How many calls an executor takes at once: enough that none of its processes waits for one.

    `url` is the store of the photos that are called for. What is in no object store travels through
    the memory of the clinic and of the scheduler, so at most `MOST_BY_VALUE` are on their way.
    """
    most = int(getattr(compute, "at_once", 2))
    travels = getattr(compute, "is_elsewhere", False) and not reads_store(compute, url)
    return min(MOST_BY_VALUE, most) if travels else most


def reads_store(compute: Executor, url: str) -> bool:
    """Whether the processes of an executor read photos from this store themselves.

    Those of a cluster do where it is an object store, which all machines reach alike.
    """
    return bool(getattr(compute, "is_elsewhere", False)) and url.startswith(OBJECT_STORE)


class LocalProcesses(Executor):
    """Processes on this machine; when one is killed, a fresh pool takes the next photo.

    Processes are spawned, not forked, because the web server in the same process runs threads.
    """

    def __init__(self, workers: int, limits: "Limits | None" = None) -> None:
        self.at_once = 2 * workers
        self._workers = workers
        self._limits = limits
        self._lock = Lock()
        self._is_stopped = False
        # Each process holds the one end. When the other is closed, or dies with us, it ends.
        self._lifeline, self._held = get_context("spawn").Pipe(duplex=False)
        self._pool = self._fresh()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call to a process; see `concurrent.futures.Executor.submit`.

        Raises Stopped once the processes were ended.
        """
        with self._lock:
            if self._is_stopped:
                raise Stopped("the processes were ended")
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                self._pool = self._fresh()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the processes; see `concurrent.futures.Executor.shutdown`.

        With `cancel_futures` calls that run are broken off, too, and all raise BrokenProcessPool.
        """
        with self._lock:
            self._is_stopped = True
        if cancel_futures:  # by the pool, it would leave `as_completed` waiting for ever
            self._held.close()
        self._pool.shutdown(wait=wait)
        if wait:
            self._held.close()
            self._lifeline.close()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=get_context("spawn"),
            initializer=_begin_process,
            initargs=(self._lifeline, self._limits),
        )


class Apart(Protocol):
    """Calls a function of the pixels of an upload, and returns its result or raises its error.

    Also raises `Unmeasurable` when the pixels overstrain it, and Busy when there is no room.
    """

    def __call__(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function."""


def here(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in this process, without limits: for files that are not a stranger's."""
    return fn(*args, **kwargs)


def on_executor(executor: Executor) -> Apart:
    """Call on `executor`, without limits: for an operator who waits at the keyboard."""

    def apart(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return executor.submit(fn, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise Unmeasurable(Fault.UNREADABLE, "its process died") from error

    return apart


class Busy(Exception):  # noqa: N818  (a state of the machine, not of the photo)
    """Too many uploads are being judged, or the machine is too slow now; later it may be taken."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    `memory` is in MiB above what a process has when it starts. An upload that needs more of the
    processor than `cpu_seconds` is at fault itself; a call that lasts longer than `wall_seconds`
    met a machine that was too busy. DECISIONS.md, 59, tells what photos need.
    """

    memory: int = 600
    cpu_seconds: int = 15
    wall_seconds: float = 40


class Sandbox:
    """Processes for the pixels of uploads, each with one call at a time, within limits.

    A process that breaks a limit, or that hostile bytes crash, costs its own call and no other.
    Beyond `waiting` calls that wait for one of the `workers`, a call is refused with Busy.
    """

    def __init__(self, workers: int, waiting: int, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._room = BoundedSemaphore(workers + waiting)
        self._free: LifoQueue[LocalProcesses] = LifoQueue()
        self._all = [LocalProcesses(1, self._limits) for _ in range(workers)]
        for process in self._all:
            process.submit(os.getpid)  # so that it has started before the first upload
            self._free.put(process)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Break off every call, and refuse each further one, with Busy."""
        for process in self._all:
            process.shutdown(wait=False, cancel_futures=True)

    def __call__(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function, which must be importable by name, in a process of its own."""
        if not self._room.acquire(blocking=False):
            raise Busy("too many uploads wait to be judged")
        try:
            process = self._free.get(timeout=self._limits.wall_seconds)
        except Empty as error:
            self._room.release()
            raise Busy("the uploads before it take too long") from error
        try:
            return self._call(process, fn, *args, **kwargs)
        finally:
            self._free.put(process)
            self._room.release()

    def _call(
        self, process: LocalProcesses, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        began = monotonic()
        try:
            return process.submit(_within, self._limits, fn, *args, **kwargs).result()
        except Stopped as error:
            raise Busy("the service ends") from error
        except MemoryError as error:
            raise Unmeasurable(Fault.TOO_COSTLY, "needs too much memory") from error
        except BrokenProcessPool as error:
            lasted = monotonic() - began
            log.warning("a process for uploads died after %.1f s", lasted)
            if lasted >= self._limits.wall_seconds or not _starts(process):
                raise Busy("the machine is too busy") from error
            raise Unmeasurable(Fault.UNREADABLE, "its process died") from error


def _starts(process: LocalProcesses) -> bool:
    """Whether a process can be started at all: if so, the upload killed its own."""
    try:
        process.submit(os.getpid).result(timeout=START_SECONDS)
    except (Stopped, BrokenProcessPool, OSError, TimeoutError):
        return False
    return True


def _within(limits: Limits, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in this process, which the system ends when time is up.

    Neither signal has a handler: a decoder that never returns to Python is ended, too.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = int(process_time()) + 1 + limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, most))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds)
    try:
        with memory_told():
            return fn(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def memory_told() -> Iterator[None]:
    """OpenCV says in its own way that memory ran out."""
    try:
        yield
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise


def _begin_process(lifeline: Connection, limits: Limits | None) -> None:
    import_module(CALLED)  # its libraries are no part of what an upload may use
    # The pool already uses every core; OpenCV's own threads would only make them wait.
    cv2.setNumThreads(1)
    Thread(target=_end_after, args=(lifeline,), name="lifeline", daemon=True).start()
    if limits is None:
        os.nice(10)  # a patient waits for a verdict, no one for a measurement
        return
    os.nice(5)  # people wait for pages, too
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(what, (0, 0))  # nothing of a photo is written in clear
    if STATM.exists():
        size = int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        most = size + limits.memory * MEBIBYTE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _end_after(lifeline: Connection) -> None:
    """Killing a parent does not stop its children; each must notice it by itself."""
    lifeline.poll(None)
    os._exit(1)  # at once, whatever the main thread is measuring: no one needs the result


def give_memory_back() -> None:
    """Let memory go back to the system when it is freed, whichever thread freed it.

    By itself glibc has a heap for every few threads, and soon keeps blocks as large as a photo on
    them. Other C libraries are left as they are.
    """
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(M_ARENA_MAX, HEAPS)
        tell(M_MMAP_THRESHOLD, BLOCK_OUTSIDE_BYTES)
