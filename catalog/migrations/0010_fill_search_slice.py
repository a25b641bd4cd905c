from django.db import migrations

COLUMNS = (
    "listing_id, seed, categories, price, availability, standard_tasks, targets, certifications, integrations, deliveries,"
    " sme, startup, price_band, availability_band, head, grams"
)


class Migration(migrations.Migration):
    # What was indexed before the trigger was there; the trigger has everything since.

    dependencies = [
        ('catalog', '0009_search_slice'),
    ]

    operations = [
        migrations.RunSQL(
            f"""
            INSERT INTO catalog_searchslice ({COLUMNS})
            SELECT {COLUMNS} FROM catalog_searchdocument WHERE seed < -2013265920
            ON CONFLICT (listing_id) DO NOTHING
            """,
            migrations.RunSQL.noop,
        ),
    ]
