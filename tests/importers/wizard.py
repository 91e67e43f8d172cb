"""The wizard's own steps over HTTP: send a file in pieces, see what was recognised, decide, prepare, apply, undo."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.test import Client

from gis_core.jobs.inline import run_ready_jobs

_TUS: dict[str, Any] = {"HTTP_TUS_RESUMABLE": "1.0.0"}


@dataclass(frozen=True)
class Wizard:
    """A planner at the community's import page; `answers` are documents of GET /api/imports/<uuid>."""

    client: Client
    community: str

    def sent(self, path: Path) -> str:
        """Upload a file by tus, in two pieces; its uuid."""
        content = path.read_bytes()
        told = ",".join(f"{name} {_base64(value)}" for name, value in
                        (("filename", path.name), ("community", self.community)))  # fmt: skip
        made = self.client.post(
            "/api/uploads", HTTP_UPLOAD_LENGTH=str(len(content)), HTTP_UPLOAD_METADATA=told, **_TUS
        )
        assert made.status_code == 201, made.content
        for offset, piece in _halves(content):
            answer = self.client.patch(
                made["Location"], piece, content_type="application/offset+octet-stream",
                HTTP_UPLOAD_OFFSET=str(offset), **_TUS,
            )  # fmt: skip
            assert answer.status_code == 204, answer.content
        return made["Location"].rstrip("/").rpartition("/")[2]

    def started(self, *paths: Path) -> dict[str, Any]:
        """The import of a file (or of its parts), once its contents were looked at; nothing is decided."""
        body = {"community": self.community, "uploads": [self.sent(path) for path in paths]}
        answer = self.client.post("/api/imports", body, content_type="application/json")
        assert answer.status_code == 202, answer.content
        run_ready_jobs()
        return self.read(answer.json())

    def read(self, document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(document["links"]["self"]).json()
        return found

    def decided(self, document: dict[str, Any], **choices: Any) -> dict[str, Any]:
        answer = self.client.patch(document["links"]["self"], choices, content_type="application/json")
        assert answer.status_code == 200, answer.content
        run_ready_jobs()
        return self.read(document)

    def split(self, document: dict[str, Any], layers: Sequence[str]) -> list[dict[str, Any]]:
        address = f"{document['links']['self']}/split"
        answer = self.client.post(address, {"source_layers": list(layers)}, content_type="application/json")
        assert answer.status_code == 200, answer.content
        run_ready_jobs()
        return [self.read(item) for item in answer.json()["imports"]]

    def step(self, document: dict[str, Any], name: str) -> dict[str, Any]:
        """prepare, apply or revert, and the job of it."""
        answer = self.client.post(f"{document['links']['self']}/{name}")
        assert answer.status_code == 202, answer.content
        run_ready_jobs()
        return self.read(document)

    def issues(self, document: dict[str, Any], rule: str) -> list[dict[str, Any]]:
        """All issues of a rule, page after page."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.client.get(
                f"{document['links']['issues']}?rule={rule}&limit=1000" + (f"&after={after}" if after else "")
            ).json()
            found += page["issues"]
            after = page["next"]
            if not after:
                return found


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _halves(content: bytes) -> list[tuple[int, bytes]]:
    middle = len(content) // 2
    return [(0, content[:middle]), (middle, content[middle:])]
