"""Measures photos on the workers of a Dask cluster, which load this module before they begin:

dask worker tcp://SCHEDULER:8786 --nthreads 1 --preload tracker.wires.cluster
"""

import faulthandler
import hashlib
import logging
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import cv2
import numpy as np
from distributed import Client, Security
from distributed.scheduler import KilledWorker

from analysis import VERSION
from tracker.settings import ClusterAddress
from tracker.wires.processes import Stopped

P = ParamSpec("P")
T = TypeVar("T")
CONNECT_SECONDS = 5
LOOK_SECONDS = 2.0  # how long what is known of the workers counts
RESTART_SECONDS = 30  # a worker that died begins again within
CALL_SECONDS = 300  # a photo takes seconds; a process that takes longer hangs
A_WORKER_AT_ONCE = 2  # one is measured while the next is on its way
MOST_AT_ONCE = 256  # the scheduler keeps what is on its way in its memory

log = logging.getLogger(__name__)


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


async def dask_setup(worker: Any) -> None:
    """What Dask calls in each worker before it begins: one call at a time, of one kind."""
    model = os.environ.get("AFTERGLOW_FACE_MODEL", "").strip()
    kind = kind_of_worker(Path(model) if model else None)
    cv2.setNumThreads(1)
    worker.state.total_resources[kind] = 1
    worker.state.available_resources[kind] = 1
    log.info("measures as %s", kind)


class Cluster(Executor):
    """The workers of our kind at a scheduler; connects when it is needed, and again when it broke.

    A call that makes its worker die on several workers raises BrokenProcessPool, as that of a
    killed process of this machine does; one that the cluster lost raises ClusterGone.
    """

    is_elsewhere = True

    def __init__(self, address: ClusterAddress, face_model: Path | None = None) -> None:
        self._address = address
        self._kind = kind_of_worker(face_model)
        self._lock = Lock()
        self._client: Client | None = None
        self._is_stopped = False
        self._running: dict[Future[Any], Any] = {}
        self._ours: tuple[str, ...] = ()
        self._strangers: frozenset[str] = frozenset()
        self._looked_at = -LOOK_SECONDS
        self._trouble = ""

    @property
    def at_once(self) -> int:
        """How many calls to have under way; 0 while there is no worker that could take one."""
        try:
            count = len(self.workers())
            trouble = "" if count else f"no worker is of the kind {self._kind}"
        except (ClusterGone, Stopped) as error:
            count, trouble = 0, str(error)
        if trouble and trouble != self._trouble:  # told once, not every second
            log.warning("photos wait: %s", trouble)
        self._trouble = trouble
        return min(MOST_AT_ONCE, A_WORKER_AT_ONCE * count)

    def workers(self) -> tuple[str, ...]:
        """The addresses of the workers of our kind. Raises ClusterGone.

        A worker of another kind gets no call, and is named in the log once.
        """
        client = self._connected()
        if monotonic() - self._looked_at >= LOOK_SECONDS:
            workers: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
            ours = tuple(
                sorted(w for w, each in workers.items() if self._kind in each["resources"])
            )
            strangers = frozenset(workers) - frozenset(ours)
            for worker in sorted(strangers - self._strangers):
                kinds = ", ".join(workers[worker]["resources"]) or "no analysis at all"
                log.warning("worker %s gets no photo: it has %s, not %s", worker, kinds, self._kind)
            self._ours, self._strangers, self._looked_at = ours, strangers, monotonic()
        return self._ours

    def strangers(self) -> tuple[str, ...]:
        """The addresses of the workers of another kind. Raises ClusterGone."""
        self.workers()
        return tuple(sorted(self._strangers))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call to a worker of our kind; see `concurrent.futures.Executor.submit`.

        Raises ClusterGone when the scheduler cannot be reached, or has no such worker, also not
        after a moment in which one that died can begin again, and Stopped after `shutdown`.
        """
        until = monotonic() + RESTART_SECONDS
        while not self.workers():
            if monotonic() > until:
                raise ClusterGone(f"{self._address.url} has no worker of the kind {self._kind}")
            sleep(LOOK_SECONDS)
        told: Future[T] = Future()
        call = self._connected().submit(
            _ended_in_time,
            partial(fn, *args, **kwargs),
            key=f"afterglow-{uuid4().hex}",
            pure=False,
            resources={self._kind: 1},
        )
        with self._lock:
            self._running[told] = call
        call.add_done_callback(partial(self._pass_on, told))
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster; calls under way raise Stopped, and their results are dropped."""
        with self._lock:
            self._is_stopped = True
            running, client = [*self._running], self._client
            self._running.clear()
        for told in running:
            _fail(told, Stopped("the cluster was left"))
        if client is not None:
            client.close(timeout=CONNECT_SECONDS)

    def _connected(self) -> Client:
        with self._lock:
            if self._is_stopped:
                raise Stopped("the cluster was left")
            if self._client is not None and self._client.status == "connecting":
                raise ClusterGone(f"the scheduler {self._address.url} is away for the moment")
            if self._client is None or self._client.status != "running":
                try:
                    _knock(self._address.url)
                    self._client = Client(
                        self._address.url,
                        security=_security(self._address),
                        timeout=CONNECT_SECONDS,
                        set_as_default=False,
                    )
                except (OSError, ValueError) as error:
                    message = f"the scheduler {self._address.url} cannot be reached: {error}"
                    raise ClusterGone(message) from error
                self._looked_at = -LOOK_SECONDS
            return self._client

    def _pass_on(self, told: Future[Any], call: Any) -> None:
        """Give the outcome of Dask's future to ours; Dask calls it in a thread of its own."""
        try:
            _tell(told, call)
        finally:
            with self._lock:
                self._running.pop(told, None)
                if isinstance(told.exception(), ClusterGone | BrokenProcessPool):
                    self._looked_at = -LOOK_SECONDS


def _tell(told: Future[Any], call: Any) -> None:
    try:
        result = call.result(timeout=CALL_SECONDS)
    except KilledWorker as error:
        _fail(told, BrokenProcessPool(f"its workers died: {error}"))
    except CancelledError:  # Dask's way of saying that the connection broke
        _fail(told, ClusterGone("the scheduler lost the call"))
    except BaseException as error:  # noqa: BLE001  (whatever the call raised is its outcome)
        _fail(told, error)
    else:
        if not told.done():
            told.set_result(result)


def _fail(told: Future[Any], error: BaseException) -> None:
    if not told.done():
        told.set_exception(error)


def _knock(url: str) -> None:
    """Raise OSError if no one answers: Dask leaves a thread behind for each failed connection."""
    parts = urlsplit(url)
    socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS).close()


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


def _ended_in_time(call: Callable[[], T]) -> T:
    """Call a function; if it lasts too long, its process ends, even inside a decoder that hangs."""
    faulthandler.dump_traceback_later(CALL_SECONDS, exit=True)
    try:
        return call()
    finally:
        faulthandler.cancel_dump_traceback_later()
