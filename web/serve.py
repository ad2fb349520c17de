"""Serve the pages and run the worker in the same process, until a signal stops both.

Requests go into lanes, each with threads of its own: a check-in waits for no page, and neither
waits for a photo. What reads photos has a lane, too, because an object store may be slow. How many
photos may be on their way in is bounded, by number and by bytes. A client that is slower than any
phone is cut off.
"""

import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from tracker.settings import Settings
from tracker.wires.processes import Sandbox, give_memory_back
from tracker.worker import run_worker
from tracker.world import World
from web import create_app
from web.security import MAX_REQUEST_BYTES, MAX_WORDS_BYTES, NO_ROOM, UPLOAD_LENGTH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CORES = os.cpu_count() or 1
CONNECTIONS = 1000
PHOTOS_AT_ONCE = 12 * CORES  # received, waiting and judged: the last waits for a minute
PHOTO_BYTES_AT_ONCE = 160 * 1024 * 1024  # the server keeps a body in memory until it is judged
WAITING_FOR_SANDBOX = 2  # above the processes: they take the next photo at once
MEBIBYTE = 1024 * 1024
LONGEST_MESSAGE_BYTES = 16 * 1024  # 4000 characters, three bytes each, and the fields around them
MAX_BODY_BYTES = MAX_REQUEST_BYTES + MEBIBYTE  # more than the pages accept, so that they can answer
RECEIVED_AT_ONCE = MEBIBYTE // 16  # a body is refused, or complete, before it can overflow to disk
PHOTOS_READ_AT_ONCE = 4  # in one look at all connections
ACCEPTED_AT_ONCE = 16
GRACE_SECONDS = 20  # for a request to arrive, with its body
SLOWEST_BYTES_A_SECOND = 8 * 1024  # of a body that takes longer
LOOK_SECONDS = 2
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class Lane(Enum):
    """Requests that have threads of their own."""

    CHECK_INS = auto()
    PAGES = auto()
    PHOTOS = auto()
    PICTURES = auto()


THREADS: Mapping[Lane, int] = {
    Lane.CHECK_INS: 4,
    Lane.PAGES: 8,
    Lane.PHOTOS: CORES + WAITING_FOR_SANDBOX,
    Lane.PICTURES: 8,
}
MESSAGES = re.compile(r"/patients/[^/]+/conversation$")
PARTS = re.compile(r"/photo/parts/")
WHOLE = UPLOAD_LENGTH.upper().replace("-", "_")  # as waitress names the header
READS_PHOTOS = re.compile(
    r"/patients/[^/]+/(photos/|compare$|conversation/[^/]+/photo$)|/(areas|sides)$|/my-data/photos$"
)


class CannotListen(Exception):  # noqa: N818  (a state of the machine; the message names the remedy)
    """The address is in use or is not ours."""


def serve(
    world: World, compute: Executor, clock: Callable[[], datetime], announce: Callable[[], None]
) -> None:
    """Run until SIGINT or SIGTERM; `announce` is called when the address is open.

    Then no connection is accepted any more, photos that are judged or measured are given up and
    come again, and everything else is answered. Raises CannotListen when host and port cannot be
    bound.
    """
    give_memory_back()
    with Sandbox(CORES, WAITING_FOR_SANDBOX + THREADS[Lane.PICTURES]) as sandbox:
        server = open_server(create_app(replace(world, apart=sandbox), clock), world.settings)
        stop = threading.Event()
        worker = threading.Thread(
            target=run_worker, args=(world, compute, clock, stop), name="worker"
        )
        with _told_by_signals(stop, server):
            worker.start()
            try:
                announce()
                server.run(stop)
            finally:
                log.info("stopping")
                stop.set()
                sandbox.stop()
                compute.shutdown(wait=False, cancel_futures=True)
                server.finish()
                worker.join()


def open_server(app: "WSGIApplication", settings: Settings) -> "Server":
    """Listen for requests, which wait until the server runs. Raises CannotListen."""
    adjustments = Adjustments(
        host=settings.host,
        port=settings.port,
        connection_limit=CONNECTIONS,
        cleanup_interval=LOOK_SECONDS,
        asyncore_use_poll=True,  # select ends at 1024 sockets
        max_request_body_size=MAX_BODY_BYTES,
        inbuf_overflow=MAX_BODY_BYTES + 2 * RECEIVED_AT_ONCE,
        recv_bytes=RECEIVED_AT_ONCE,
        channel_request_lookahead=1,  # notices a client that has gone; see _Channel.readable
        # With proxies configured, the application reads the headers that they write.
        clear_untrusted_proxy_headers=settings.proxies == 0,
        ident=None,
    )
    try:
        return Server(app, adjustments)
    except OSError as error:
        raise _cannot_listen(settings.host, settings.port, error) from error


def check_address(host: str, port: int) -> None:
    """Raise CannotListen if an IPv4 address is in use, before long work is done in vain."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _cannot_listen(host, port, error) from error


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    return CannotListen(f"{host}:{port}: {error.strerror}; choose another port")


class Server:
    """Listens on every address of the host; `run` and `finish` belong to one thread."""

    def __init__(self, app: "WSGIApplication", adjustments: Adjustments) -> None:
        self._sockets: dict[int, Any] = {}
        self._lanes = _Lanes(_Room(PHOTOS_AT_ONCE, PHOTO_BYTES_AT_ONCE))
        self._listeners = [
            _Listener(app, self._sockets, dispatcher=self._lanes, adj=adjustments, sockinfo=each)
            for each in adjustments.listen
        ]
        self._lanes.start()

    def run(self, stop: threading.Event) -> None:
        """Answer requests until `stop` is set; `wake` makes it look at once."""
        while not stop.is_set():
            self._look(seconds=1)

    def wake(self) -> None:
        """Make the thread that runs the server look up; from any thread or signal."""
        self._listeners[0].pull_trigger()

    def finish(self) -> None:
        """Accept nothing more, answer what has arrived if it does not take long, and close."""
        for listener in self._listeners:
            listener.stop_listening()
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until and any(each.is_busy for each in self._channels()):
            self._look(seconds=0.1)
        self._lanes.shutdown(timeout=1)
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _channels(self) -> "list[_Channel]":
        return [each for each in self._sockets.values() if isinstance(each, _Channel)]

    def _look(self, seconds: float) -> None:
        self._lanes.looks += 1
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)


class _Room:
    """How many photos, and bytes of photos, may be in the server at once."""

    def __init__(self, photos: int, size: int) -> None:
        self._lock = threading.Lock()
        self._photos, self._size = photos, size
        self.taken = 0

    def enter(self, size: int) -> bool:
        """Take a place for so many bytes; False when there is none."""
        with self._lock:
            if self._photos < 1 or self._size < size:
                return False
            self._photos, self._size = self._photos - 1, self._size - size
            self.taken += 1
            return True

    def leave(self, size: int) -> None:
        """Give the place back."""
        with self._lock:
            self._photos, self._size = self._photos + 1, self._size + size
            self.taken -= 1


class _Lanes:
    """Gives each request to the threads of its lane; in the place of waitress's own dispatcher."""

    def __init__(self, room: _Room) -> None:
        self.room = room
        self.looks = 0
        self._by_lane = {lane: ThreadedTaskDispatcher() for lane in Lane}

    def start(self) -> None:
        for lane, dispatcher in self._by_lane.items():
            dispatcher.set_thread_count(THREADS[lane])

    def add_task(self, channel: "_Channel") -> None:
        self._by_lane[channel.requests[0].lane].add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        for dispatcher in self._by_lane.values():
            dispatcher.shutdown(cancel_pending, timeout)


class _Nowhere(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """Takes a body that will not be read: whoever sends it hears the answer only at its end."""

    def append(self, s: bytes) -> None:
        pass


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """A request that knows its lane; a photo has a place in the room, or is received into nowhere.

    `is_refused` tells that there was no place.
    """

    def __init__(self, adjustments: Adjustments, room: _Room) -> None:
        super().__init__(adjustments)
        self.is_refused = False
        self._room = room
        self._size: int | None = None  # of its place in the room
        self._began = time.monotonic()

    @property
    def lane(self) -> Lane:
        """By its size and address; whatever is large, or longer than a message, is a photo."""
        if self.error or self.is_refused:
            return Lane.PAGES
        if PARTS.match(self.path):  # they wait for no photo that is judged
            return Lane.PICTURES
        if self.chunked or self.content_length > MAX_WORDS_BYTES:
            return Lane.PHOTOS
        if self.path == "/check-in" or self.path.startswith("/check-ins/"):
            return Lane.CHECK_INS
        is_more = self.content_length > LONGEST_MESSAGE_BYTES and MESSAGES.match(self.path)
        if self.command == "POST" and (self.path == "/photo" or is_more):
            return Lane.PHOTOS
        return Lane.PICTURES if READS_PHOTOS.search(self.path) else Lane.PAGES

    @property
    def brings_photo(self) -> bool:
        """Whether it is a photo, or a part of one, or as large as one to any address."""
        is_part = self.lane is Lane.PICTURES and self.command == "PATCH"
        is_large = self.chunked or self.content_length > MAX_WORDS_BYTES
        is_sound = not (self.error or self.is_refused)
        return self.lane is Lane.PHOTOS or is_part or (is_large and is_sound)

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if not self.brings_photo:
            return
        size = MAX_BODY_BYTES if self.chunked else self.content_length
        came_before = self.headers.get(WHOLE, "")  # in parts, which are put together again
        size += int(came_before) if re.fullmatch(r"[0-9]{1,30}", came_before) else 0
        if self._room.enter(size):
            self._size = size
        else:
            self.is_refused = True
            if self.body_rcv is not None:
                self.body_rcv.buf = _Nowhere(0)

    def is_too_slow(self) -> bool:
        """Whether it takes longer than on the worst of networks."""
        allowed = GRACE_SECONDS + self.body_bytes_received / SLOWEST_BYTES_A_SECOND
        return time.monotonic() - self._began > float(allowed)

    def close(self) -> None:
        super().close()
        if self._size is not None:
            self._room.leave(self._size)
            self._size = None


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[NO_ROOM] = self.request.is_refused
        return environ


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    task_class = _Task

    def parser_class(self, adjustments: Adjustments) -> _Request:
        return _Request(adjustments, self.server.task_dispatcher.room)

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered or its answer sent."""
        return bool(self.requests or self.total_outbufs_len)

    def readable(self) -> bool:
        """While a photo waits, its client is watched: if it goes, the photo is dropped.

        It still has the photo. Answers and pages that have arrived are worked on in any case.
        """
        pending = self.requests[:1]
        is_read_ahead = not pending or pending[0].lane is Lane.PHOTOS
        return is_read_ahead and bool(super().readable())

    def handle_read(self) -> None:
        """Photos take turns, so that the loop soon comes to requests that are short."""
        if self._receives_photo:
            lanes = self.server.task_dispatcher
            others = (
                len(self.server.active_channels) if self.request.is_refused else lanes.room.taken
            )
            if (lanes.looks + self.socket.fileno()) % (1 + others // PHOTOS_READ_AT_ONCE):
                return  # what has come waits in the system, and is announced again
        super().handle_read()

    @property
    def _receives_photo(self) -> bool:
        request = self.request
        return (
            request is not None
            and bool(request.headers_finished)
            and (request.is_refused or request.brings_photo)
        )

    def handle_close(self) -> None:
        super().handle_close()
        if self.request is not None:
            self.request.close()


class _Listener(TcpWSGIServer):  # type: ignore[misc]
    """Accepts connections, and cuts off those that are too slow."""

    channel_class = _Channel

    def handle_accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            super().handle_accept()

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if channel.request is not None and channel.request.is_too_slow():
                channel.will_close = True

    def stop_listening(self) -> None:
        """Close the listening socket; open connections and the trigger go on."""
        wasyncore.dispatcher.close(self)


@contextmanager
def _told_by_signals(stop: threading.Event, server: Server) -> Iterator[None]:
    """SIGTERM and Ctrl-C set `stop`; the second one ends the process at once."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()
        server.wake()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
