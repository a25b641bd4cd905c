import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    # Derived: filled again from the live rows when the index is next mended.

    dependencies = [
        ('catalog', '0007_saved_searches'),
    ]

    operations = [
        migrations.DeleteModel(name='SearchPrice'),
        migrations.CreateModel(
            name='SearchPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('users_from', models.IntegerField()),
                ('users_to', models.IntegerField()),
                ('residents_from', models.IntegerField()),
                ('residents_to', models.IntegerField()),
                ('fixed_yen', models.DecimalField(decimal_places=6, max_digits=24)),
                ('per_user', models.DecimalField(decimal_places=6, max_digits=24)),
                ('per_resident', models.DecimalField(decimal_places=6, max_digits=24)),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='search_prices', to='catalog.software')),
            ],
        ),
    ]
