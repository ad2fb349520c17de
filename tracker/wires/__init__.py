"""The outside world: mail server, photo files, archives, hashes, processes that measure."""
