from django.db import migrations

# Gathered rows that were made anew for another style or access give other tiles; see tile_cache.sql.
FORGET = """
    CREATE CONSTRAINT TRIGGER tiles_of_new_overview AFTER UPDATE ON layers_layer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.overview_made_with IS DISTINCT FROM NEW.overview_made_with)
    EXECUTE FUNCTION tiles.layer_changed()
"""


class Migration(migrations.Migration):
    dependencies = [("layers", "0012_overviews")]

    operations = [migrations.RunSQL(FORGET, "DROP TRIGGER tiles_of_new_overview ON layers_layer")]
