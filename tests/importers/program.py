"""The program as it runs, for one test: a web server and a worker, processes of their own, on the test's database."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connection

from tests.gis_core.job_workers import ROOT, wait_until, workers

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Program:
    """A running program: its web server's and its worker's supervisors, and a token to speak to it with."""

    port: int
    token: str
    web: "subprocess.Popen[bytes]"
    worker: "subprocess.Popen[bytes]"

    def ask(
        self, method: str, path: str, body: bytes = b"", *, language: str = "uk", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and document of an answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        told = {"Authorization": f"Bearer {self.token}", "Accept-Language": language, **headers}
        line.request(method, path, body, told)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        document = json.loads(content) if content.startswith((b"{", b"[")) else content
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, document

    def send(self, files: Sequence[Path], **fields: str) -> tuple[int, Any]:
        """Begin an import with one form, as a browser without scripts sends it."""
        mark = uuid4().hex
        parts = [_part(mark, f'name="{name}"', value.encode()) for name, value in fields.items()]
        parts += [_part(mark, f'name="file"; filename="{file.name}"', file.read_bytes()) for file in files]
        body = b"".join(parts) + f"--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        status, _, document = self.ask("POST", "/api/imports", body, **kind)
        return status, document

    def send_in_pieces(self, files: Sequence[Path], names: Sequence[str], **choices: str) -> tuple[int, Any]:
        """Begin an import by tus, which carries any name and files of no bytes."""
        uploads = self.uploads(files, names)
        return self.post("/api/imports", {"community": "demo", "uploads": uploads, "choices": choices})

    def send_raster(self, files: Sequence[Path], slug: str) -> tuple[int, Any]:
        """Begin the import of a raster and its parts."""
        uploads = self.uploads(files, [file.name for file in files])
        return self.post("/api/rasters", {"community": "demo", "uploads": uploads, "slug": slug})

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and document of the answer to JSON."""
        status, _, document = self.ask(
            "POST", path, json.dumps(body).encode(), **{"Content-Type": "application/json"}
        )
        return status, document

    def uploads(self, files: Sequence[Path], names: Sequence[str]) -> list[str]:
        """The ids of files sent by tus under these names."""
        found = []
        for file, name in zip(files, names, strict=True):
            status, headers, document = self._sent_in_one_piece(file.read_bytes(), name)
            assert status < 400, (name, status, document)
            found.append(headers["location"].rpartition("/")[2])
        return found

    def _sent_in_one_piece(self, content: bytes, name: str) -> tuple[int, dict[str, str], Any]:
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content))}
        told = {"filename": name, "community": "demo"}
        tus["Upload-Metadata"] = ",".join(
            f"{key} {b64encode(value.encode()).decode()}" for key, value in told.items()
        )
        status, headers, document = self.ask("POST", "/api/uploads", **tus)
        if status >= 400 or not content:
            return status, headers, document
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        place = "/api/" + headers["location"].partition("/api/")[2]
        status, _, document = self.ask("PATCH", place, content, **tus, **piece)
        return status, headers, document

    def processes(self) -> list[int]:
        """Of the web server and the worker, with those that they started and keep."""
        return sorted(pid for item in (self.web, self.worker) for pid in (item.pid, *_children(item.pid)))

    def is_settled(self) -> bool:
        """Whether the same processes are there for a while: what only helps them to start has ended."""
        before = self.processes()
        time.sleep(2)
        return len(before) == 4 and before == self.processes()

    def cpu_s(self) -> float:
        """Processor time of all of it so far, with that of the processes that opened files."""
        return sum(_cpu_s(pid) for pid in self.processes())


@contextmanager
def running_program(token: str, **variables: str) -> Iterator[Program]:
    """One web process and one worker; both are gone when the block ends. `variables` are of their environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ, **variables, "DJANGO_SETTINGS_MODULE": "tests.gis_core.worker_settings",
        "HROMADA_TEST_DB_IN_USE": connection.settings_dict["NAME"],
    }  # fmt: skip
    command = [
        str(Path(sys.executable).with_name("granian")), "--interface=wsgi", "--host=127.0.0.1", f"--port={port}",
        "--workers=1", "--blocking-threads=2", "--no-ws", "--log-level=warning", "gis_core.wsgi:application",
    ]  # fmt: skip
    with workers() as running:
        web = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            wait_until(lambda: _answers(port), timeout_s=60)
            worker = running.start(**variables)
            program = Program(port, token, web, worker)
            wait_until(program.is_settled, timeout_s=60)
            yield program
        finally:
            with suppress(ProcessLookupError):
                os.killpg(web.pid, signal.SIGKILL)
            web.wait()


def _part(mark: str, disposition: str, content: bytes) -> bytes:
    head = f"--{mark}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def _answers(port: int) -> bool:
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        line.request("GET", "/api/imports")
        line.getresponse()
    except (OSError, http.client.HTTPException):
        time.sleep(0.2)
        return False
    return True


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_s(pid: int) -> float:
    """Own time and that of children that have ended (proc(5), fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS
