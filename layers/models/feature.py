"""Features: one logical table, one LIST partition a layer (made by `layers/sql/features.sql`)."""

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform


class Feature(models.Model):
    """The present state of one feature. Written by `layers.edits` alone: a trigger refuses the rest.

    In the database the primary key is (id, layer_id), because PostgreSQL wants the partition key in
    it; `id` comes from one sequence and is unique in the whole system, so here it is the key.
    """

    id = models.BigAutoField(primary_key=True)
    layer = models.ForeignKey("layers.Layer", models.PROTECT, related_name="features", db_constraint=False)
    geom = models.GeometryField(srid=4326, help_text="lon/lat, 2D, valid, not empty")
    geom_3857 = models.GeneratedField(
        expression=Transform("geom", 3857),
        output_field=models.GeometryField(srid=3857),
        db_persist=True,
    )
    properties = models.JSONField(
        default=dict, help_text="Flat object of scalars, keys from the layer's schema"
    )
    external_key = models.TextField(
        null=True, help_text="Value of the layer's key field, unique in the layer"
    )
    version = models.IntegerField(default=1)
    revision = models.BigIntegerField(help_text="The layer's revision at which this state began")
    changeset = models.ForeignKey("layers.Changeset", models.PROTECT, related_name="+", db_constraint=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "layers_feature"

    def __str__(self) -> str:
        return f"{self.pk} v{self.version}"
