"""Who is shown the pages of an import, and who may use their forms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gis_core.communities import Community
from gis_core.people import Membership, User
from importers.models import Import, Upload
from importers.uploads import receive_upload
from tests.conftest import make_community
from tests.frontend.html import Document
from tests.frontend.importing.wizard import Wizard, give
from tests.importers import files

pytestmark = pytest.mark.django_db

ADDRESSES = ("", "state/", "?step=check")
ACTIONS = ("choices/", "review/", "apply/", "cancel/", "retry/", "discard/", "revert/")


def test_who_may_only_look_at_an_import_is_offered_nothing_to_do(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    other = client_of(user_with_role("editor", email="other@example.org"))

    def forms() -> list[str]:
        page = Document(other.get(wizard.address).content.decode())
        return [
            tag.attributes["action"]
            for tag in page.all("form")
            if "/imports/" in tag.attributes.get("action", "")
        ]

    assert forms() == [], "the check"
    wizard.choose("target", title_uk="Ділянки")
    assert "Рядок за рядком" in Wizard(other, wizard.address).words
    assert forms() == [], "the differences"
    assert len(wizard.page.all("form")) > 2, "its owner is offered them"


@pytest.mark.parametrize("role", ["viewer", None])
def test_others_do_not_learn_that_there_is_an_import(
    client: Client,
    client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
    tmp_path: Path,
    role: Any,
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    other = client_of(user_with_role(role))
    absent = "/demo/imports/00000000-0000-4000-8000-000000000000/"
    for rest in ADDRESSES:
        assert other.get(wizard.address + rest).status_code == other.get(absent + rest).status_code == 404
        assert client.get(wizard.address + rest).status_code == 200, "the same request, allowed"
    for rest in ACTIONS:
        assert other.post(wizard.address + rest).status_code == 404, rest
    assert other.get("/demo/imports/").status_code == other.get("/demo/import/").status_code == 403
    assert Import.objects.get().status == "waiting"


def test_strangers_sign_in_first(client: Client, client_of: Callable[..., Client], tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    stranger = client_of(None)
    for address in (wizard.address, "/demo/imports/", "/demo/import/"):
        assert stranger.get(address).headers["Location"].startswith("/accounts/login/")
    for rest in ACTIONS:
        assert stranger.post(wizard.address + rest).headers["Location"].startswith("/accounts/login/"), rest
    assert stranger.get(f"{wizard.address}state/").status_code == 404


def test_an_import_is_not_found_under_another_community(client: Client, editor: User, tmp_path: Path) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    make_community("other", "UA99000000000000002")
    assert client.get(wizard.address.replace("/demo/", "/other/")).status_code == 404


def test_another_editor_can_neither_choose_rows_nor_move_an_import_of_somebody_else(
    client: Client, tmp_path: Path, client_of: Callable[..., Client], user_with_role: Callable[..., User]
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(2)))
    wizard.choose("target", title_uk="Ділянки")
    other = client_of(user_with_role("editor", email="other@example.org"))
    assert other.post(f"{wizard.address}review/", {"do": "refuse"}).status_code == 409
    assert "Застосувати 2 зміни" in wizard.words, "nothing was refused"
    for action in ("apply/", "cancel/", "discard/", "choices/"):
        assert other.post(wizard.address + action, {"part": "reading", "crs": "EPSG:4326"}).status_code == 403
    assert wizard.importing.status == "ready"
    assert client.post(f"{wizard.address}review/", {"do": "refuse"}).status_code == 302, "its owner may"


def test_no_form_of_an_import_can_be_sent_from_another_site(
    client: Client, editor: User, tmp_path: Path
) -> None:
    wizard = give(client, files.shapefile(tmp_path, files.parcels(1)))
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.force_login(editor)
    for address in (*(wizard.address + action for action in ACTIONS), "/demo/import/start/"):
        assert elsewhere.post(address).status_code == 403, address
    assert wizard.importing.status == "waiting"


def test_only_own_free_uploads_of_this_community_become_an_import(
    client: Client, editor: User, tmp_path: Path, client_of: Callable[..., Client],
    user_with_role: Callable[..., User],
) -> None:  # fmt: skip
    elsewhere = make_community("other", "UA99000000000000002")
    Membership.objects.create(user=editor, community=elsewhere, role="editor")
    somebody = user_with_role("editor", email="other@example.org")
    file = files.shapefile(tmp_path, files.parcels(1))

    def sent(sender: User, community: Community) -> Upload:
        content = [file.read_bytes()]
        return receive_upload(community=community, owner=sender, name=file.name, chunks=content)

    demo = Community.objects.get(slug="demo")
    give(client, file)
    refused = [Upload.objects.get(), sent(somebody, demo), sent(editor, elsewhere)]
    for upload in refused:
        assert client.post("/demo/import/start/", {"upload": str(upload.uuid)}).status_code == 404
        assert client.get(f"/demo/import/raster/?upload={upload.uuid}").status_code == 404
    assert Import.objects.count() == 1
    free = sent(editor, demo)
    assert client.post("/demo/import/start/", {"upload": str(free.uuid)}).status_code == 201
