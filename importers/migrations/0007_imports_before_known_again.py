"""Imports of before: by what their files are known again, and that they made their layers."""

from django.db import migrations

# As importers.earlier.content_of: the digest of the one upload, else that of all digests in order.
_CONTENT = """
    UPDATE importers_import i SET content = known.content
    FROM (
        SELECT link.import_id, CASE count(*) WHEN 1 THEN min(u.sha256)
            ELSE encode(sha256(convert_to(string_agg(u.sha256, E'\\n' ORDER BY u.sha256 COLLATE "C"), 'UTF8')), 'hex')
            END AS content
        FROM importers_import_uploads link JOIN importers_upload u ON u.id = link.upload_id
        GROUP BY link.import_id HAVING bool_and(u.sha256 <> '')
    ) AS known
    WHERE known.import_id = i.id AND i.content = ''
"""
_MADE = """
    UPDATE layers_changeset c SET makes_layer = true
    FROM importers_import i
    WHERE i.changeset_id = c.id AND c.status = 'applied' AND c.revision = 1
      AND (i.summary->>'created_layer')::boolean
"""


class Migration(migrations.Migration):
    dependencies = [("importers", "0006_known_again"), ("layers", "0010_changesets_that_make_layers")]

    operations = [
        migrations.RunSQL(_CONTENT, migrations.RunSQL.noop),
        migrations.RunSQL(_MADE, migrations.RunSQL.noop),
    ]
