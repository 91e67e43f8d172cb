"""What tests share: communities, people with roles, and layers with features made the real way."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from gis_core.communities import AdminUnit, Community
from gis_core.people import Membership, User
from layers.catalogue import create_layer
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Layer

PASSWORD = "long-enough-for-a-test"


@pytest.fixture(autouse=True)
def _in_ukrainian() -> Iterator[None]:
    """Each test begins in the default language: a request of another one leaves its own behind."""
    with translation.override("uk"):
        yield


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """Committed data, so that the alias "public" (another role, another connection) sees it; the
    tables that layers made are dropped afterwards."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('features', 'staging', 'overviews') AND tablename <> 'template'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'DROP TABLE IF EXISTS "{schema}"."{table}" CASCADE')
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'pub'")
        for (view,) in cursor.fetchall():
            cursor.execute(f'DROP VIEW IF EXISTS pub."{view}"')


@pytest.fixture
def community(db: None) -> Community:
    # Asked for by name: pytest-django makes a test database only for tests whose fixtures say so, and a
    # run of tests that asked for it at run time alone would work on the real one.
    return make_community("demo", "UA99000000000000001")


def make_community(slug: str, katottg: str) -> Community:
    unit = AdminUnit.objects.create(katottg=katottg, level=3, category="H", name_uk=f"Громада {slug}")
    return Community.objects.create(
        slug=slug, admin_unit=unit, name_uk="Демонстраційна громада", name_en="Demo hromada", local_srid=9832
    )


@pytest.fixture
def user_with_role(community: Community) -> Callable[..., User]:
    """`user_with_role("editor")`: a user with that role in the community; None for no role at all."""

    def make(role: str | None, *, email: str = "") -> User:
        user = User.objects.create_user(email or f"{role or 'stranger'}@example.org", PASSWORD)
        if role:
            Membership.objects.create(user=user, community=community, role=role)
        return user

    return make


@pytest.fixture
def client_of() -> Callable[[User | None], Client]:
    """`client_of(user)`: a signed-in test client; an anonymous one for None."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


FIELDS: list[dict[str, Any]] = [
    {"key": "cad_num", "title": {"uk": "Кадастровий номер", "en": "Cadastral number"}, "type": "string"},
    {"key": "name", "title": {"uk": "Назва", "en": "Name"}, "type": "string"},
    {"key": "area_ha", "title": {"uk": "Площа", "en": "Area"}, "type": "number", "unit": "га", "min": 0},
]


@pytest.fixture
def make_layer(community: Community) -> Callable[..., Layer]:
    """`make_layer("parcels", features=[(geojson_geometry, properties), ...], access_level="public")`:
    a layer, its features put in through a changeset."""

    def make(
        slug: str = "parcels",
        *,
        features: Sequence[tuple[dict[str, Any], dict[str, Any]]] = (),
        fields: Sequence[dict[str, Any]] = FIELDS,
        access_level: str = "public",
        owner: Community | None = None,
        **attributes: Any,
    ) -> Layer:
        layer = create_layer(
            community=owner or community, slug=slug, actor=None, fields=fields, access_level=access_level,
            title={"uk": f"Шар {slug}", "en": f"Layer {slug}"}, **attributes,
        )  # fmt: skip
        if features:
            add_features(layer, features)
            layer.refresh_from_db()
        return layer

    return make


def add_features(layer: Layer, features: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[int]:
    """Put features into a layer through one changeset; their ids, in order."""
    drafts = [ChangeDraft("C", geometry=geometry, properties=properties) for geometry, properties in features]
    changeset = open_changeset(layer=layer, author=None, changes=drafts)
    changeset = submit_changeset(changeset=changeset, actor=None)
    apply_changeset(changeset=changeset, actor=None)
    return list(changeset.changes.order_by("id").values_list("feature_id", flat=True))


def square(west: float = 30.0, south: float = 50.0, size: float = 0.001) -> dict[str, Any]:
    """A GeoJSON square, degrees."""
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def point(longitude: float = 30.0, latitude: float = 50.0) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}
