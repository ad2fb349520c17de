"""Serve the pages and run the worker in the same process, until a signal stops both."""

import logging
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING

import waitress
from waitress.server import BaseWSGIServer, MultiSocketServer

from tracker.settings import Settings
from tracker.worker import run_worker
from tracker.world import World
from web import create_app
from web.security import MAX_REQUEST_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8
CONNECTIONS = 32  # the server keeps a body in memory until it is whole, for each of them
MEBIBYTE = 1024 * 1024
MAX_BODY_BYTES = MAX_REQUEST_BYTES + MEBIBYTE  # more than the pages accept, so that they can answer
RECEIVED_AT_ONCE = MEBIBYTE // 16  # a body is refused, or complete, before it can overflow to disk

log = logging.getLogger(__name__)


class CannotListen(Exception):  # noqa: N818  (a state of the machine; the message names the remedy)
    """The address is in use or is not ours."""


def serve(
    world: World, compute: Executor, clock: Callable[[], datetime], announce: Callable[[], None]
) -> None:
    """Run until SIGINT or SIGTERM; `announce` is called when the address is open.

    Raises CannotListen when host and port cannot be bound.
    """
    server = open_server(create_app(world, clock), world.settings)
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(world, compute, clock, stop), name="worker")
    with _stopped_by_signals():
        worker.start()
        try:
            announce()
            server.run()
        except (KeyboardInterrupt, SystemExit):
            log.info("stopping")
        finally:
            stop.set()
            server.close()
            worker.join()


def open_server(app: "WSGIApplication", settings: Settings) -> MultiSocketServer | BaseWSGIServer:
    """Listen for requests, which wait until the server runs. Raises CannotListen."""
    try:
        return waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            max_request_body_size=MAX_BODY_BYTES,
            inbuf_overflow=MAX_BODY_BYTES + 2 * RECEIVED_AT_ONCE,
            recv_bytes=RECEIVED_AT_ONCE,
            # With proxies configured, the application reads the headers that they write.
            clear_untrusted_proxy_headers=settings.proxies == 0,
            ident=None,
        )
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


class _stopped_by_signals:  # noqa: N801  (reads as a verb in its with statement)
    """SIGTERM ends the server like Ctrl-C."""

    def __enter__(self) -> None:
        def stop(_number: int, _frame: FrameType | None) -> None:
            raise SystemExit

        self._before = signal.signal(signal.SIGTERM, stop)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)
