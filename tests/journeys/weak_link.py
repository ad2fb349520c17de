"""A network that is slow, or breaks, when a test wants it to."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 64 * 1024


class WeakLink:
    """Passes bytes on to a server, at most `bytes_a_second` on each connection.

    Once `bytes_left` have been sent, every connection is cut; `bytes_sent` counts them. The way
    back is neither slowed nor counted, because on most phones the upload is the narrow one.
    """

    def __init__(self, port: int) -> None:
        self.bytes_left = float("inf")
        self.bytes_a_second = float("inf")
        self.bytes_sent = 0
        self._server_port = port
        self._door = socket.create_server(("127.0.0.1", 0))
        # A browser must not be able to pour a whole photo into a buffer and report it as sent.
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        self._lines: list[socket.socket] = []

    @property
    def port(self) -> int:
        """The port of the link."""
        return int(self._door.getsockname()[1])

    def mend(self) -> None:
        """Let everything through again."""
        self.bytes_left = float("inf")

    def run(self) -> None:
        """Take connections until the link is closed."""
        with suppress(OSError):  # the socket was closed: the test is over
            while True:
                near, _ = self._door.accept()
                self._lines.append(near)
                far = socket.create_connection(("127.0.0.1", self._server_port))
                self._lines.append(far)
                for source, goal in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pass_on, args=(source, goal, source is near), daemon=True
                    ).start()

    def shut_the_door(self) -> None:
        """Take no more connections; `run` ends."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def end_lines(self) -> None:
        """End every line that there was, once `run` adds no more."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _pass_on(self, source: socket.socket, goal: socket.socket, counts: bool) -> None:
        with suppress(OSError):  # the other side has hung up
            while piece := source.recv(PIECE):
                self.bytes_left -= len(piece) if counts else 0
                self.bytes_sent += len(piece) if counts else 0
                if self.bytes_left < 0:
                    _cut(source, goal)
                    break
                time.sleep(len(piece) / self.bytes_a_second if counts else 0)
                goal.sendall(piece)
        for line in (source, goal):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def _cut(*lines: socket.socket) -> None:
    """Break the lines as a lost network does: at once, whatever is still on its way."""
    for line in lines:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the connection
        line.close()


@contextmanager
def weak_link(port: int) -> Iterator[WeakLink]:
    """A link to the server at `port` of this machine."""
    link = WeakLink(port)
    thread = threading.Thread(target=link.run, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        link.shut_the_door()
        thread.join(timeout=10)
        link.end_lines()
