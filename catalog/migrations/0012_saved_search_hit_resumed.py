from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0011_more_search_synonyms'),
    ]

    operations = [
        migrations.AlterField(
            model_name='savedsearchhit',
            name='kind',
            field=models.CharField(choices=[('matched', '新しく合致'), ('resumed', '掲載の再開'), ('price_changed', '価格の変更'), ('suspended', '掲載停止'), ('lapsed', '掲載期限切れ')], max_length=16),
        ),
        migrations.RemoveConstraint(
            model_name='savedsearchhit',
            name='saved_search_hit_kind_known',
        ),
        migrations.AddConstraint(
            model_name='savedsearchhit',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['matched', 'resumed', 'price_changed', 'suspended', 'lapsed'])), name='saved_search_hit_kind_known'),
        ),
    ]
