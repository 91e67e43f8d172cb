"""The demo goes in through the real importer: no row is lost, repaired or misread."""

import pytest

from gis_core.communities import Community
from importers import demo
from importers.demo.tables import Table
from importers.demo.writer import DemoFile
from importers.pipeline import ImportRequest, import_file
from importers.summary import ImportSummary
from layers.models import Feature, Layer
from layers.standards import standard_layers


def load(file: DemoFile, community: Community) -> ImportSummary:
    request = ImportRequest(
        slug=file.slug,
        standard=file.slug,
        field_map=file.field_map,
        crs=file.crs or "",
        encoding=file.encoding or "",
        keep_personal=demo.KEPT_PERSONAL,
    )
    return import_file(file=file.path, name=file.path.name, community=community, actor=None, request=request)


@pytest.mark.parametrize("slug", sorted(standard_layers()))
def test_a_demo_file_is_imported_whole_into_its_standard_layer(
    slug: str, community: Community, files: dict[str, DemoFile], tables: dict[str, Table]
) -> None:
    Community.objects.filter(pk=community.pk).update(local_srid=9861)
    community.refresh_from_db()
    file = files[slug]

    summary = load(file, community)

    assert [issue for issue in summary.first_issues if issue["done"] != "kept"] == []
    assert (summary.read, summary.imported, summary.repaired, summary.rejected) == (
        file.rows,
        file.rows,
        0,
        0,
    )
    layer = Layer.objects.get(slug=slug, community=community)
    west, south, east, north = layer.extent
    assert layer.feature_count == file.rows
    assert (30.2, 48.8) < (west, south) < (east, north) < (30.4, 49.0)
    stored = Feature.objects.filter(layer_id=layer.pk).values_list("properties", flat=True)
    for column in tables[slug].columns:
        texts = {value for value in column.values if isinstance(value, str) and value}
        if texts:
            assert {row[column.key] for row in stored if column.key in row} == texts, column.key
