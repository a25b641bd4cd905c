from django.db import migrations


def seed(apps, schema_editor):
    from catalog.search.synonyms import shipped_groups

    Synonym = apps.get_model("catalog", "SearchSynonym")
    Synonym.objects.bulk_create(Synonym(words=words) for words in shipped_groups())


class Migration(migrations.Migration):
    """The words that find each other, as shipped. From here on they are the operator's."""

    dependencies = [("catalog", "0002_search")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=True)]
