"""What else goes wrong while the crash test runs: no mail server, a full disk, a clock that jumps.

The disk is a file system in memory, which takes root; the clock is that of `libfaketime`
(`apt-get install faketime`). Where one of them is missing, the run says so and goes on without it.
"""

import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

from aiosmtpd.controller import Controller

from tests.post_office import Inbox, free_port

FAKE_TIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
DISK_BYTES = 1_500_000_000
FULL_SECONDS = 90.0
JUMPED_SECONDS = 60.0


class Clock:
    """The clock of all processes with these settings; that of the phones goes on as it was."""

    def __init__(self, file: Path) -> None:
        self._file, self.can_jump = file, FAKE_TIME.exists()
        self.jump(0)

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the processes. Their seconds since the start go on as they were."""
        if not self.can_jump:
            return {}
        return {
            "LD_PRELOAD": str(FAKE_TIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def jump(self, seconds: int) -> None:
        """Be that far from the true time from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._file)


class PostOffice(AbstractContextManager["PostOffice"]):
    """A mail server that can be taken away and comes back on the same port."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox, self.port = inbox, free_port()
        self._server: Controller | None = None

    def open(self) -> None:
        """Answer from now on."""
        self._server = Controller(self._inbox, hostname="127.0.0.1", port=self.port)
        self._server.start()

    def close(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Disk(AbstractContextManager["Disk"]):
    """A small disk for the data, which can be filled up."""

    def __init__(self, place: Path) -> None:
        self.data, self._place, self._ballast = place / "data", place, place / "ballast"

    def __enter__(self) -> "Disk":
        self._place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(self._place)]
        self.can_fill = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        return self

    def fill(self) -> None:
        """Leave no byte free, while others write, too."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for piece in (bytes(2**20), bytes(2**12)):
                with suppress(OSError):
                    while True:
                        ballast.write(piece)

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.can_fill:
            subprocess.run(["umount", "--lazy", str(self._place)], check=True)


class Weather:
    """All of it, one after another; `progress` says which share of the photos is accepted."""

    def __init__(
        self, clock: Clock, post: PostOffice, disk: Disk, progress: Callable[[], float]
    ) -> None:
        self._clock, self._post, self._disk, self._progress = clock, post, disk, progress
        self._began = time.monotonic()
        self.report: list[str] = []

    def change(self) -> None:
        """From no mail server, by an hour ahead, an hour behind and a full disk, to fair."""
        self._note("no mail server")
        self._wait(0.15)
        self._jump(3600)  # the mail server has now been away for more than an hour
        self._post.open()
        self._note("a mail server")
        self._wait(0.35)
        self._jump(0)
        self._wait(0.45)
        self._jump(-3600)
        self._wait(0.55)
        self._jump(0)
        self._wait(0.65)
        if self._disk.can_fill:
            self._disk.fill()
            self._note("the disk is full")
            time.sleep(FULL_SECONDS)
            self._disk.empty()
            self._note("the disk has space again")
        else:
            self._note("the disk cannot be filled: that takes root")

    def _jump(self, seconds: int) -> None:
        if self._clock.can_jump:
            self._clock.jump(seconds)
            self._note(f"the clock is {seconds:+} s from the true time")
            time.sleep(JUMPED_SECONDS)
        else:
            self._note("the clock cannot jump: libfaketime is missing")

    def _wait(self, share: float) -> None:
        while self._progress() < share:
            time.sleep(0.2)

    def _note(self, what: str) -> None:
        spent = time.monotonic() - self._began
        self.report.append(f"at {spent:6.0f} s, {self._progress():4.0%} of the photos: {what}")
