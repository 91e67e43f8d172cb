"""The corpus through the whole program: sent over HTTP, opened by the worker, told in two languages, thrown away.

One web process and one worker take all of it; afterwards they are the same processes, and nothing is left.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from gis_core.communities import Community
from gis_core.jobs.models import UNFINISHED, Job
from gis_core.people import User, create_api_token
from importers.models import Import, ImportIssue, ImportStatus, Upload
from layers.models import Changeset, Feature, Layer
from tests.importers.corpus import CANARY, HOSTILE, READ, Hostile, secret_in
from tests.importers.program import Program, running_program
from tests.importers.test_hostile_files import FORBIDDEN

pytestmark = pytest.mark.usefixtures("committed")

MOST_CPU_S, LONGEST_S = 240, 90
STOPPED = {ImportStatus.FAILED, ImportStatus.WAITING}
# What the program asks, where the sandbox alone would refuse or read.
ASKED = {"several-layers", "crs-unknown", "crs-inexact", "encoding-unknown", "no-geometry"}
# The program knows more ways than layers of a file: codes of a table tell its places, pictures are rasters.
INSTEAD = {
    "no-geometry": {"no-geometry", "parcels-needed", "nothing-left"},
    "archive-empty": {"archive-empty", "raster-sent"},
    "not-a-spatial-file": {"not-a-spatial-file", "raster-sent"},
}


@pytest.fixture
def program(user_with_role: Callable[..., User], tmp_path: Path, community: Community) -> Any:
    token = create_api_token(user=user_with_role("editor"), name="program")
    variables = {"HROMADA_VAR": str(tmp_path / "var"), "HROMADA_MIN_FREE_DISK_PERCENT": "0"}
    with running_program(token, **variables) as running:
        yield running


def sent(program: Program, item: Hostile, number: int, folder: Path) -> tuple[int, Any]:
    folder.mkdir()
    made = item.make(folder, secret_in(folder.parent))
    layer = f"layer_{number}"
    files = [made, *sorted(file for file in folder.iterdir() if file != made)]
    if item.sent_as or not all(file.stat().st_size for file in files):
        names = [item.sent_as or made.name, *(file.name for file in files[1:])]
        return program.send_in_pieces(files, names, layer=layer, until="prepare")
    return program.send(files, community="demo", layer=layer)


def everything_sent(program: Program, folder: Path) -> dict[str, str]:
    """Each kind sent; the address of its import by its name."""
    addresses = {}
    for number, item in enumerate(HOSTILE):
        status, document = sent(program, item, number, folder / str(number))
        assert status == 202, (item.name, status, document)
        addresses[item.name] = f"/api/imports/{document['id']}"
        for file in (folder / str(number)).iterdir():
            file.unlink()
    return addresses


def wait_for_the_worker(program: Program) -> None:
    """Until no job is left; each may take its time and no longer."""
    left, since = -1, time.monotonic()
    while (now := Job.objects.filter(state__in=UNFINISHED).count()) > 0:
        if now != left:
            left, since = now, time.monotonic()
        assert time.monotonic() - since < LONGEST_S, Job.objects.filter(state__in=UNFINISHED).values(
            "subject"
        )
        assert program.worker.poll() is None
        time.sleep(0.1)


def told(program: Program, address: str) -> tuple[str, str, dict[str, str], str]:
    """Status, code, the one message in both languages, and all that the answer says."""
    messages, code, status, all_of_it = {}, READ, "", ""
    for language in ("uk", "en"):
        answer, _, document = program.ask("GET", address, language=language)
        assert answer == 200
        status, said = document["status"], document["problem"] or document["question"]
        assert not (document["problem"] and document["question"])
        if said:
            code, messages[language] = said["code"], said["message"]
        all_of_it += json.dumps(
            {key: document[key] for key in ("problem", "question", "inspection", "summary")}
        )
    return status, code, messages, all_of_it


def complaints(program: Program, item: Hostile, address: str) -> list[str]:
    """What is wrong with how one kind ended."""
    status, code, messages, said = told(program, address)
    found = []
    if item.code == READ:
        right = code in {READ, *ASKED} and status in {ImportStatus.READY, ImportStatus.WAITING}
    else:
        right = code in INSTEAD.get(item.code, {item.code}) and status in STOPPED
    if not right:
        found.append(f"ended {status} {code}, not {item.code}")
    if messages and not (re.search("[а-яіїєґ]", messages["uk"]) and messages["uk"] != messages["en"]):
        found.append(f"is told {messages}")
    if any(FORBIDDEN.search(text) for text in messages.values()) or CANARY in said:
        found.append(f"shows {messages} {said[:300]}")
    if item.code != READ and Changeset.objects.filter(import_of__uuid=address.rpartition("/")[2]).exists():
        found.append("left a changeset")
    return [f"{item.name}: {text}" for text in found]


def left(var: Path) -> dict[str, list[str]]:
    """All that an import could leave behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        found = {"tables": [name for (name,) in cursor.fetchall()]}
    found["files"] = [str(file) for folder in ("work", "uploads") for file in (var / folder).rglob("*")]
    for model in (Layer, Changeset, Feature, ImportIssue, Upload, Import):
        found[model.__name__] = list(map(str, model.objects.all()[:5]))  # type: ignore[attr-defined]
    return {name: rows for name, rows in found.items() if rows}


@pytest.mark.timeout(1_800)
def test_every_hostile_file_ends_in_one_message_and_leaves_the_program_as_it_was(
    program: Program, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    before, cpu_before = program.processes(), program.cpu_s()
    addresses = everything_sent(program, tmp_path)
    wait_for_the_worker(program)
    wrong = [text for item in HOSTILE for text in complaints(program, item, addresses[item.name])]
    cpu_s = program.cpu_s() - cpu_before
    record_property("kinds", len(HOSTILE))
    record_property("cpu_s", round(cpu_s))
    assert not wrong, "\n".join(wrong)
    assert list((tmp_path / "var" / "work").iterdir()) == []
    assert Upload.objects.count() >= len(HOSTILE), (
        "files are kept, so that another try needs no other sending"
    )
    assert not Feature.objects.exists()
    for address in addresses.values():
        assert program.ask("DELETE", address)[0] == 204
    assert left(tmp_path / "var") == {}
    assert program.processes() == before, "a process died and was started again"
    assert not Job.objects.filter(attempts__gt=1).exists()
    assert cpu_s < MOST_CPU_S
