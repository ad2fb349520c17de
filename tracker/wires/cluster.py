"""Measures photos on the workers of a Dask cluster, which load this module before they begin:

dask worker tcp://SCHEDULER:8786 --nthreads 1 --preload tracker.wires.cluster
"""

import asyncio
import ctypes
import faulthandler
import hashlib
import logging
import os
import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import cv2
import dask
import numpy as np
from distributed import Client, Security
from distributed.scheduler import KilledWorker
from distributed.spill import SpillBuffer

from analysis import VERSION
from tracker.settings import ClusterAddress
from tracker.wires.processes import MEBIBYTE, Stopped

P = ParamSpec("P")
T = TypeVar("T")
CONNECT_SECONDS = 5
CLOSE_SECONDS = 2
LOOK_SECONDS = 2.0  # between two looks at the workers
RESTART_SECONDS = 30  # a worker that died, or a scheduler, begins again within
CALL_SECONDS = 300  # a photo takes seconds; a process that takes longer hangs
A_WORKER_AT_ONCE = 2  # one is measured while the next is on its way
MOST_AT_ONCE = 256  # the scheduler keeps what is on its way in its memory

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h

log = logging.getLogger(__name__)

# Photos must not lie on the disk of a worker in clear. Dask imports this module before it decides
# where a worker keeps its data; `dask_setup` would be too late.
dask.config.set({f"distributed.worker.memory.{each}": False for each in ("target", "spill")})
# Photos that travel are no mistake, which Dask would warn of.
dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})


class ClusterGone(OSError):  # noqa: N818  (a state of the machines)
    """The scheduler cannot be reached, or it lost the call: trouble of the machines, not of it."""


def kind_of_worker(face_model: Path | None) -> str:
    """Names all that decides what a reading is; only workers of the same kind measure for us.

    Raises OSError when the face model cannot be read.
    """
    model = "shipped" if face_model is None else _digest(face_model.read_bytes())
    return f"afterglow-{VERSION}-opencv-{cv2.__version__}-numpy-{np.__version__}-model-{model}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


class PhotosSpill(Exception):  # noqa: N818  (a state of the worker)
    """What a worker holds in memory can end up on its disk."""


async def dask_setup(worker: Any) -> None:
    """What Dask calls in each worker before it begins: one call at a time, of one kind.

    A worker that could write photos to its disk gets no kind, and so no photo. Raises PhotosSpill,
    which Dask logs.
    """
    if isinstance(worker.data, SpillBuffer):
        raise PhotosSpill("this worker writes data to its disk in clear, so it gets no photos")
    model = os.environ.get("AFTERGLOW_FACE_MODEL", "").strip()
    kind = kind_of_worker(Path(model) if model else None)
    cv2.setNumThreads(1)
    _reuse_memory()
    worker.state.total_resources[kind] = 1
    worker.state.available_resources[kind] = 1
    log.info("measures as %s", kind)


def _reuse_memory() -> None:
    """Keep the memory of an image for the next one, as glibc does unless Dask tells it otherwise.

    Dask gives all memory back at once; then each image is paid for by page faults again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc
        mallopt(M_MMAP_THRESHOLD, 32 * MEBIBYTE)
        mallopt(M_TRIM_THRESHOLD, 64 * MEBIBYTE)


class Cluster(Executor):
    """The workers of our kind at a scheduler.

    A thread of its own connects, again where the connection broke, and looks at the workers, so no
    caller waits for a scheduler that is silent. A call waits for a worker. It raises ClusterGone if
    none was there for `RESTART_SECONDS`, or if the cluster lost it. If it makes its worker die on
    several workers, it raises BrokenProcessPool, as one of a killed process of this machine does.
    """

    is_elsewhere = True

    def __init__(self, address: ClusterAddress, face_model: Path | None = None) -> None:
        self._link = _Link(address, kind_of_worker(face_model))
        self._lock = Lock()
        self._is_stopped = False
        self._told = ""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="cluster", daemon=True)
        self._thread.start()

    @property
    def at_once(self) -> int:
        """How many calls to have under way; 0 while there is no worker that could take one.

        After `shutdown` it is 1, so that a next call is made and raises Stopped.
        """
        try:
            count = len(self.workers())
            trouble = "" if count else f"no worker is of the kind {self._link.kind}"
        except ClusterGone as error:
            count, trouble = 0, str(error)
        except Stopped:
            return 1
        if trouble and trouble != self._told:  # once, not every second
            log.warning("photos wait: %s", trouble)
        self._told = trouble
        return min(MOST_AT_ONCE, A_WORKER_AT_ONCE * count)

    def workers(self) -> tuple[str, ...]:
        """The addresses of the workers of our kind, at the last look.

        Raises ClusterGone when the scheduler does not answer, and Stopped after `shutdown`.
        """
        has_looked = self._link.has_looked.wait(3 * CONNECT_SECONDS)
        if self._is_stopped:
            raise Stopped("the cluster was left")
        if self._link.trouble or not has_looked:
            raise ClusterGone(self._link.trouble or "the scheduler has not answered yet")
        return self._link.ours

    def strangers(self) -> tuple[str, ...]:
        """The addresses of the workers of another kind. Raises as `workers` does."""
        self.workers()
        return tuple(sorted(self._link.strangers))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call to a worker of our kind; see `concurrent.futures.Executor.submit`.

        Raises Stopped after `shutdown`.
        """
        with self._lock:
            if self._is_stopped:
                raise Stopped("the cluster was left")
            call = self._link.call(partial(fn, *args, **kwargs))
            return asyncio.run_coroutine_threadsafe(call, self._loop)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster; calls under way raise Stopped, and their results are dropped."""
        with self._lock:
            if not self._is_stopped:
                self._is_stopped = True
                self._loop.call_soon_threadsafe(self._link.stop.set)
        if wait:
            self._thread.join(2 * CLOSE_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._link.run())


class _Link:
    """The connection to the scheduler, in one loop; other threads only read what was seen last.

    `trouble` says why nothing is known of the workers, empty while the scheduler answers.
    """

    def __init__(self, address: ClusterAddress, kind: str) -> None:
        self.kind = kind
        self.has_looked = Event()
        self.trouble = ""
        self.ours: tuple[str, ...] = ()
        self.strangers: frozenset[str] = frozenset()
        self.stop = asyncio.Event()
        self._address = address
        self._client: Client | None = None
        self._is_connected = asyncio.Event()
        self._calls: set[asyncio.Future[Any]] = set()
        self._had_workers_at = -inf

    async def run(self) -> None:
        """Keep the connection until `stop` is set."""
        watching = asyncio.create_task(self._keep_watching())
        await self.stop.wait()
        self._fail_calls(Stopped("the cluster was left"))
        watching.cancel()
        await asyncio.wait([watching])
        self.has_looked.set()
        await self._disconnect()

    async def call(self, call: Callable[[], T]) -> T:
        """The result of a call on a worker, or what it raised; ClusterGone, BrokenProcessPool."""
        sent = asyncio.create_task(self._at_worker(call))
        lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._calls.add(lost)
        try:
            if self.stop.is_set():
                raise Stopped("the cluster was left")
            either: set[asyncio.Future[Any]] = {sent, lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not sent.done():
                raise lost.result()
            result, error = sent.result()
        finally:
            sent.cancel()
            self._calls.discard(lost)
        if error is not None:
            raise pickle.loads(error)  # noqa: S301  (from a worker, whose results are pickles, too)
        return result

    async def _at_worker(self, call: Callable[[], T]) -> tuple[T, bytes | None]:
        await self._is_connected.wait()
        assert self._client is not None  # noqa: S101
        try:
            future = self._client.submit(
                _ended_in_time,
                call,
                key=f"afterglow-{uuid4().hex}",
                pure=False,
                resources={self.kind: 1},
            )
            result: tuple[T, bytes | None] = await future
        except KilledWorker as error:
            raise BrokenProcessPool(f"its workers died: {error}") from error
        except Exception as error:  # what the call itself raises comes as its result
            log.warning("the cluster lost a call: %s", type(error).__name__)
            raise ClusterGone("the cluster lost the call") from error
        return result

    async def _keep_watching(self) -> None:
        while True:
            try:
                await self._look()
                self.trouble = ""
                self._is_connected.set()
            except (Exception, asyncio.CancelledError) as error:  # Dask cancels what it loses
                if self.stop.is_set():
                    raise
                self._is_connected.clear()  # photos wait, whatever it is, and this goes on
                words = str(error) or type(error).__name__
                self.trouble = f"the scheduler {self._address.url} cannot be reached: {words}"
            self.has_looked.set()
            if self.ours and not self.trouble:
                self._had_workers_at = monotonic()
            elif monotonic() - self._had_workers_at > RESTART_SECONDS:
                self._fail_calls(ClusterGone(self.trouble or f"no worker of the kind {self.kind}"))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        """Connect if need be, and see which workers there are; strangers are named once."""
        if self._client is None or self._client.status not in {"running", "connecting"}:
            await self._connect()
        assert self._client is not None  # noqa: S101
        if self._client.status != "running":
            raise ClusterGone("the connection broke")
        asked = self._client.scheduler.identity(n_workers=-1)
        workers: Mapping[str, Any] = (await asyncio.wait_for(asked, CONNECT_SECONDS))["workers"]
        ours = tuple(sorted(w for w, each in workers.items() if self.kind in each["resources"]))
        strangers = frozenset(workers) - frozenset(ours)
        for worker in sorted(strangers - self.strangers):
            kinds = ", ".join(workers[worker]["resources"]) or "no analysis at all"
            log.warning("worker %s gets no photo: it has %s, not %s", worker, kinds, self.kind)
        self.ours, self.strangers = ours, strangers

    async def _connect(self) -> None:
        await self._disconnect()
        self._client = Client(
            self._address.url,
            security=_security(self._address),
            timeout=CONNECT_SECONDS,
            set_as_default=False,
            asynchronous=True,
        )
        try:
            await asyncio.wait_for(self._client, 2 * CONNECT_SECONDS)
        except BaseException:
            await self._disconnect()
            raise

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(TimeoutError):
                await client.close(timeout=CLOSE_SECONDS)

    def _fail_calls(self, error: Exception) -> None:
        for lost in self._calls:
            if not lost.done():
                lost.set_result(error)


def _security(address: ClusterAddress) -> Security | None:
    if address.certificates is None:
        return None
    folder = address.certificates
    return Security(
        tls_ca_file=str(folder / "ca.pem"),
        tls_client_cert=str(folder / "cert.pem"),
        tls_client_key=str(folder / "key.pem"),
        require_encryption=True,
    )


def _ended_in_time(call: Callable[[], T]) -> tuple[T | None, bytes | None]:
    """The result of a call, or the error it raised, packed: Dask would log its words.

    If it lasts too long, its process ends, even inside a decoder that hangs.
    """
    faulthandler.dump_traceback_later(CALL_SECONDS, exit=True)
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001  (it is raised where the call came from)
        return None, _packed(error)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _packed(error: Exception) -> bytes:
    """An error that could not be unpacked becomes one that only names its kind."""
    try:
        packed = pickle.dumps(error)
        pickle.loads(packed)  # noqa: S301
    except Exception:  # noqa: BLE001
        return pickle.dumps(RuntimeError(type(error).__name__))
    return packed
