"""A way to the test's database that can break: a unix socket which passes everything on, until told not to.

To a worker, `outage` looks like a server that crashed and came back.
"""

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

SOCKET = ".s.PGSQL.5432"


class FlakyServer:
    """Give `host` to a worker in place of the real server's socket directory."""

    def __init__(self) -> None:
        self.host = tempfile.mkdtemp(prefix="flaky-")  # pytest's own folders are too deep for a socket
        self._real = str(Path(connection.settings_dict["HOST"]) / SOCKET)
        self._up = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(Path(self.host) / SOCKET))
        self._listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def outage(self, seconds: float) -> None:
        """Drop every connection at once and take none for a while."""
        self._up = False
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()
        time.sleep(seconds)
        self._up = True

    def close(self) -> None:
        self._listener.close()
        shutil.rmtree(self.host)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                if not self._up:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._real)
                self._pairs.append((client, server))
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            sink.sendall(block)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def flaky_server() -> Iterator[FlakyServer]:
    server = FlakyServer()
    try:
        yield server
    finally:
        server.close()
