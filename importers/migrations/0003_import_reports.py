from django.db import migrations, models

# An import of before becomes a row of its own, with the issues that were kept as one document.
FORWARD = """
INSERT INTO importers_import (uuid, community_id, owner_id, name, status, choices, summary, issue_counts,
                              changeset_id, turn, created_at, updated_at)
SELECT gen_random_uuid(), l.community_id, c.author_id, left(coalesce(nullif(c.comment, ''), l.slug), 200),
       CASE c.status WHEN 'applied' THEN 'applied' WHEN 'rejected' THEN 'cancelled' ELSE 'submitted' END,
       jsonb_build_object('layer', l.slug), r.summary, coalesce(r.summary->'issue_counts', '{}'),
       c.id, 0, c.created_at, now()
FROM importers_importreport r
JOIN layers_changeset c ON c.id = r.changeset_id
JOIN layers_layer l ON l.id = c.layer_id;

INSERT INTO importers_importissue (import_id, row, rule, done, field, value, params)
SELECT i.id, (it->>'row')::bigint, left(it->>'rule', 40), left(it->>'done', 10), left(it->>'field', 120),
       left(it->>'value', 100), coalesce(it->'params', '{}')
FROM importers_importreport r
JOIN importers_import i ON i.changeset_id = r.changeset_id
CROSS JOIN jsonb_array_elements(r.issues) AS it;
"""
BACKWARD = """
INSERT INTO importers_importreport (changeset_id, summary, issues)
SELECT i.changeset_id, i.summary,
       coalesce((SELECT jsonb_agg(jsonb_build_object('row', s.row, 'rule', s.rule, 'done', s.done,
                                                     'field', s.field, 'value', s.value, 'params', s.params)
                                  ORDER BY s.id)
                 FROM (SELECT * FROM importers_importissue WHERE import_id = i.id ORDER BY id LIMIT 20000) s), '[]')
FROM importers_import i
WHERE i.changeset_id IS NOT NULL AND i.summary IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("importers", "0002_imports")]

    operations = [
        migrations.AddField(
            model_name="import",
            name="turn",
            field=models.PositiveIntegerField(
                default=0, help_text="Goes up with each job; earlier ones are void"
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="status",
            field=models.CharField(
                choices=[
                    ("received", "received"),
                    ("inspecting", "being looked at"),
                    ("waiting", "waits for your decision"),
                    ("preparing", "being prepared"),
                    ("ready", "ready for review"),
                    ("applying", "being applied"),
                    ("submitted", "waits for a reviewer"),
                    ("applied", "applied"),
                    ("unchanged", "nothing to change"),
                    ("failed", "failed"),
                    ("cancelled", "cancelled"),
                    ("reverting", "being undone"),
                    ("reverted", "undone"),
                ],
                default="received",
                max_length=12,
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.DeleteModel(name="ImportReport"),
    ]
