from django.db import migrations

# See features_check_update in layers/sql/features.sql, which says so itself on a new server.
HASHED = "ALTER FUNCTION features_check_update() SET enable_nestloop = off"
AS_BEFORE = "ALTER FUNCTION features_check_update() RESET enable_nestloop"


class Migration(migrations.Migration):
    dependencies = [("layers", "0005_rasters")]

    operations = [migrations.RunSQL(HASHED, AS_BEFORE)]
