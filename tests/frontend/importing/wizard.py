"""A reader without scripts who goes through the steps of an import."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gis_core.jobs.inline import run_ready_jobs
from importers.models import Import
from tests.frontend.html import Document, values


class Wizard:
    """A reader without scripts at one import: what the page says, and its forms sent as a browser would."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address

    @property
    def page(self) -> Document:
        return Document(self.client.get(self.address).content.decode())

    @property
    def words(self) -> str:
        return " ".join(self.page.words_of("main"))

    @property
    def importing(self) -> Import:
        return Import.objects.get(uuid=self.address.rstrip("/").rpartition("/")[2])

    def form(self, part: str, *, at: str = "") -> dict[str, Any]:
        """What the form of that part would send as it stands."""
        source = self.client.get(self.address + at).content.decode()
        start = source.index(f'name="part" value="{part}"')
        return {"part": part, **values(source[start : source.index("</form>", start)])}

    def choose(self, part: str, *, at: str = "", **changed: Any) -> Any:
        body = {
            name: value for name, value in {**self.form(part, at=at), **changed}.items() if value is not None
        }
        response = self.client.post(f"{self.address}choices/", body)
        run_ready_jobs()
        return response

    def act(self, action: str) -> Any:
        response = self.client.post(f"{self.address}{action}/")
        run_ready_jobs()
        return response


def give(client: Client, *given: Path, **fields: str) -> Wizard:
    body = {"file": [SimpleUploadedFile(it.name, it.read_bytes()) for it in given], **fields}
    response = client.post("/demo/import/", body)
    assert response.status_code == 302, response.content.decode()
    run_ready_jobs()
    return Wizard(client, response.headers["Location"])


def imported(client: Client, file: Path, **fields: str) -> Wizard:
    wizard = give(client, file)
    wizard.choose("target", **fields)
    wizard.act("apply")
    return wizard
