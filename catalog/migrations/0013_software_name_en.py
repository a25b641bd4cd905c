from django.db import migrations, models


class Migration(migrations.Migration):
    # The nightly check then indexes those that have one again, for it differs.

    dependencies = [
        ('catalog', '0012_saved_search_hit_resumed'),
    ]

    operations = [
        migrations.AddField(
            model_name='software',
            name='name_en',
            field=models.CharField(blank=True, max_length=200, verbose_name='英語名称'),
        ),
        migrations.RunSQL(
            """
            UPDATE catalog_software SET name_en = revision.content ->> 'name_en'
            FROM catalog_revision AS revision
            WHERE revision.id = listed_revision_id AND revision.content ->> 'name_en' <> ''
            """,
            migrations.RunSQL.noop,
        ),
    ]
