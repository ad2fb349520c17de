"""The outside world: mail server, photo files, archives, disk, processes that measure."""
