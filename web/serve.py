"""Serve the pages and work the queue beside them, until told to stop."""

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from types import FrameType

import waitress

from tracker.worker import run_worker
from tracker.world import World
from web import create_app
from web.security import MAX_REQUEST_BYTES

THREADS = 8

log = logging.getLogger(__name__)


class CannotListen(Exception):  # noqa: N818  (a state of the machine; the message names the remedy)
    """The address is taken or not ours."""


def serve(
    world: World, compute: Executor, clock: Callable[[], datetime], announce: Callable[[], None]
) -> None:
    """Run until SIGINT or SIGTERM; `announce` is called when the address is open.

    Raises CannotListen when host and port cannot be bound.
    """
    settings = world.settings
    try:
        server = waitress.create_server(
            create_app(world, clock),
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            # Larger than what the pages take, so that they can answer in words.
            max_request_body_size=2 * MAX_REQUEST_BYTES,
            inbuf_overflow=MAX_REQUEST_BYTES,  # a photo never touches the disk in the clear
            ident=None,
        )
    except OSError as error:
        message = f"{settings.host}:{settings.port}: {error.strerror}; choose another port"
        raise CannotListen(message) from error
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(world, compute, clock, stop), name="worker")
    with _stopped_by_signals():
        worker.start()
        announce()
        try:
            server.run()
        except (KeyboardInterrupt, SystemExit):
            log.info("stopping")
        finally:
            stop.set()
            server.close()
            worker.join()


class _stopped_by_signals:  # noqa: N801  (reads as a verb in its with statement)
    """SIGTERM ends the server like Ctrl-C does."""

    def __enter__(self) -> None:
        def stop(_number: int, _frame: FrameType | None) -> None:
            raise SystemExit

        self._before = signal.signal(signal.SIGTERM, stop)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)
