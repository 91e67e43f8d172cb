"""Setting up a community from its code in the register."""

import json
from io import StringIO

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.management import CommandError, call_command
from pyproj import CRS

from gis_core.communities import AdminUnit, Community
from gis_core.community_setup import BadSlug, CommunityExists, NotACommunity, UnknownUnit, create_community
from gis_core.errors import BadParameter
from gis_core.geo.msk import MSK_BY_OBLAST
from gis_core.journal import JournalEntry

HROMADA, VILLAGE = "UA05040130000025322", "UA05040130020057417"


@pytest.fixture
def units(db: None) -> None:
    box = MultiPolygon(Polygon.from_bbox((29, 48, 30, 49)))
    AdminUnit.objects.create(
        katottg=HROMADA, level=3, category="H", name_uk="Ладижинська", name_en="Ladyzhynska", geom=box
    )
    AdminUnit.objects.create(katottg=VILLAGE, level=4, category="C", name_uk="Лук’янівка", parent_id=HROMADA)
    AdminUnit.objects.create(katottg="UA80000000000093317", level=1, category="K", name_uk="Київ")


@pytest.mark.usefixtures("units")
def test_a_community_takes_names_boundary_and_local_system_from_the_register() -> None:
    made = create_community(katottg=HROMADA)
    assert (made.slug, made.name_uk, made.name_en) == (
        "ladyzhynska", "Ладижинська територіальна громада", "Ladyzhynska hromada",
    )  # fmt: skip
    assert made.local_srid == 9832
    assert made.boundary.extent == (29, 48, 30, 49)
    assert JournalEntry.objects.get(community=made).action == "community-created"
    assert Community.objects.named("ladyzhynska") == Community.objects.named(HROMADA) == made


@pytest.mark.usefixtures("units")
def test_a_city_with_special_status_is_a_community_of_its_own() -> None:
    made = create_community(katottg="UA80000000000093317")
    assert (made.slug, made.name_uk, made.local_srid, made.boundary) == ("kyiv", "Місто Київ", 9864, None)


@pytest.mark.usefixtures("units")
def test_the_code_of_a_village_is_refused_with_the_code_of_its_community() -> None:
    with pytest.raises(NotACommunity, match=HROMADA):
        create_community(katottg=VILLAGE)


@pytest.mark.usefixtures("units")
def test_an_unknown_code_and_a_second_set_up_are_refused() -> None:
    with pytest.raises(UnknownUnit, match="load_admin_units"):
        create_community(katottg="UA05040130000099999")
    create_community(katottg=HROMADA)
    with pytest.raises(CommunityExists, match="ladyzhynska"):
        create_community(katottg=HROMADA, slug="other")


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("slug", ["Ладижин", "1a", "a", "with_underscore", "x" * 21, "api", "tiles"])
def test_a_short_name_that_would_break_addresses_is_refused_and_nothing_is_stored(slug: str) -> None:
    with pytest.raises(BadSlug, match="--slug"):
        create_community(katottg=HROMADA, slug=slug)
    assert not Community.objects.exists()


@pytest.mark.usefixtures("units")
def test_a_short_name_in_use_is_refused() -> None:
    create_community(katottg="UA80000000000093317", slug="ladyzhynska")
    with pytest.raises(BadSlug, match="ladyzhynska"):
        create_community(katottg=HROMADA)


def test_a_region_without_local_system_needs_one_named(db: None) -> None:
    AdminUnit.objects.create(katottg="UA99000000000000001", level=3, category="H", name_uk="Показова")
    with pytest.raises(BadParameter, match="99"):
        create_community(katottg="UA99000000000000001")
    assert create_community(katottg="UA99000000000000001", local_srid=6384).local_srid == 6384


def test_every_region_has_the_local_system_that_epsg_gives_its_number() -> None:
    assert len(MSK_BY_OBLAST) == 27
    for oblast, srid in MSK_BY_OBLAST.items():
        assert CRS.from_epsg(srid).name.startswith(f"UCS-2000 / LCS-{oblast} ")


@pytest.mark.usefixtures("units")
def test_the_command_sets_up_a_community_and_refuses_with_exit_code_2() -> None:
    out = StringIO()
    call_command("create_community", HROMADA, "--json", "--slug", "ladyzhyn", stdout=out)
    made = json.loads(out.getvalue())
    assert (made["status"], made["slug"], made["has_boundary"]) == ("done", "ladyzhyn", True)
    with pytest.raises(CommandError, match="ladyzhyn") as refused:
        call_command("create_community", HROMADA, stdout=StringIO())
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="set up already"):
        call_command("create_community", HROMADA, "--lang", "en", stdout=StringIO())
