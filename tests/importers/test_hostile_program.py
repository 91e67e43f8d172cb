"""The corpus through the whole program: sent over HTTP, opened by the worker, told in two languages, thrown away.

One web process and one worker take all of it; afterwards they are the same processes, and nothing is left. With
every change a sample goes that way (`corpus.sampled`), under `make soak` every kind.
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
from layers.models import Changeset, Feature, Layer, Raster
from tests.importers.corpus import CANARY, HOSTILE, READ, Hostile, sampled, secret_in
from tests.importers.program import Program, running_program
from tests.importers.rasters import odd
from tests.importers.rasters.odd import Odd
from tests.importers.test_hostile_files import FORBIDDEN
from tests.soak import amount

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.soak]

KINDS = amount(sampled(), HOSTILE)
RASTERS = amount((*odd.READ[:2], *odd.REFUSED), (*odd.READ, *odd.REFUSED))
MOST_CPU_S_A_KIND, LONGEST_S = 0.9, 90
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
def program(user_with_role: Callable[..., User], tmp_path: Path, community: Community, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"
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
    for number, item in enumerate(KINDS):
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
    found += check_words(messages, said)
    if item.code != READ and Changeset.objects.filter(import_of__uuid=address.rpartition("/")[2]).exists():
        found.append("left a changeset")
    return [f"{item.name}: {text}" for text in found]


def left(var: Path) -> dict[str, list[str]]:
    """All that an import could leave behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        found = {"tables": [name for (name,) in cursor.fetchall()]}
    kept = (file for folder in ("work", "uploads") for file in (var / folder).rglob("*"))
    found["files"] = [str(file) for file in kept if file.is_file() or file.parent.name == "work"]
    for model in (Layer, Changeset, Feature, ImportIssue, Upload, Import, Raster):
        found[model.__name__] = list(map(str, model.objects.all()[:5]))  # type: ignore[attr-defined]
    return {name: rows for name, rows in found.items() if rows}


def check_words(messages: dict[str, str], said: str) -> list[str]:
    """What is wrong with how something is told."""
    found = []
    if messages and not (re.search("[а-яіїєґ]", messages["uk"]) and messages["uk"] != messages["en"]):
        found.append(f"is told {messages}")
    if any(FORBIDDEN.search(text) for text in messages.values()) or CANARY in said:
        found.append(f"shows {messages} {said[:300]}")
    return found


@pytest.mark.timeout(1_800)
def test_hostile_files_end_in_one_message_each_and_leave_the_program_as_it_was(
    program: Program, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    before, cpu_before = program.processes(), program.cpu_s()
    addresses = everything_sent(program, tmp_path)
    wait_for_the_worker(program)
    wrong = [text for item in KINDS for text in complaints(program, item, addresses[item.name])]
    cpu_s = program.cpu_s() - cpu_before
    record_property("kinds", len(KINDS))
    record_property("cpu_s", round(cpu_s))
    assert not wrong, "\n".join(wrong)
    assert list((tmp_path / "var" / "work").iterdir()) == []
    assert Upload.objects.count() >= len(KINDS), "files are kept, so that another try needs no other sending"
    assert not Feature.objects.exists()
    for address in addresses.values():
        assert program.ask("DELETE", address)[0] == 204
    assert left(tmp_path / "var") == {}
    assert program.processes() == before, "a process died and was started again"
    assert not Job.objects.filter(attempts__gt=1).exists()
    assert cpu_s < MOST_CPU_S_A_KIND * len(KINDS)


def test_the_sample_has_every_outcome_and_everything_that_is_sent() -> None:
    sample = sampled()

    assert {item.code for item in sample} == {item.code for item in HOSTILE}
    assert {item.name.split()[0] for item in sample} == {item.name.split()[0] for item in HOSTILE}
    assert 50 < len(sample) < 90


# --- rasters ---


def raster_sent(program: Program, item: Odd, number: int, folder: Path) -> str:
    """The address of the job that imports it."""
    folder.mkdir()
    made = item.make(folder)
    parts = [file for file in sorted(folder.iterdir()) if file.stem == made.stem and file != made]
    status, document = program.send_raster([made, *parts], f"raster_{number}")
    assert status == 202, (item.name, status, document)
    return "/api/" + document["url"].partition("/api/")[2]


def raster_complaints(program: Program, item: Odd, address: str) -> list[str]:
    """What is wrong with how one raster ended."""
    messages, all_of_it = {}, ""
    for language in ("uk", "en"):
        answer, _, job = program.ask("GET", address, language=language)
        assert answer == 200
        all_of_it += json.dumps(job)
        if job["error"]:
            messages[language] = job["error"]["text"]
    ended = (job["state"], (job["error"] or {}).get("code", ""))
    wanted = ("failed", item.code) if item.code else ("done", "")
    found = [] if ended == wanted else [f"ended {ended}, not {wanted}"]
    return [f"{item.name}: {text}" for text in found + check_words(messages, all_of_it)]


@pytest.mark.timeout(900)
def test_odd_rasters_end_as_rasters_or_in_one_message_each_and_leave_the_program_as_it_was(
    program: Program, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    before, cpu_before = program.processes(), program.cpu_s()
    jobs = {
        item.name: raster_sent(program, item, number, tmp_path / str(number))
        for number, item in enumerate(RASTERS)
    }
    wait_for_the_worker(program)
    wrong = [text for item in RASTERS for text in raster_complaints(program, item, jobs[item.name])]
    record_property("cpu_s", round(program.cpu_s() - cpu_before))
    assert not wrong, "\n".join(wrong)
    assert list((tmp_path / "var" / "work").iterdir()) == []
    read = [f"raster_{number}" for number, item in enumerate(RASTERS) if not item.code]
    assert sorted(Raster.objects.values_list("slug", flat=True)) == sorted(read)
    kept = {file for file in (tmp_path / "var" / "uploads").rglob("*") if file.is_file()}
    assert kept == {Path(item.path) for model in (Raster, Upload) for item in model.objects.all()}
    for slug in read:
        assert program.ask("DELETE", f"/api/rasters/demo.{slug}")[0] == 204
    for upload in Upload.objects.all():
        gone, _, _ = program.ask("DELETE", f"/api/uploads/{upload.uuid}", **{"Tus-Resumable": "1.0.0"})
        assert gone == 204
    assert left(tmp_path / "var") == {}
    assert program.processes() == before, "a process died and was started again"
    assert not Job.objects.filter(attempts__gt=1).exists()
