"""Where a trade's stop worked at the end. Until now no stop ever moved."""

from django.db import migrations, models


def as_first_set(apps, schema_editor):
    rows = apps.get_model("trading", "Trade").objects.using(schema_editor.connection.alias)
    rows.update(last_stop=models.F("stop"))


class Migration(migrations.Migration):
    dependencies = [("trading", "0004_configuration")]
    operations = [
        migrations.AddField(
            model_name="trade",
            name="last_stop",
            field=models.DecimalField(
                decimal_places=8,
                help_text="Where the stop worked at the end; while open, where it was last asked to be.",
                max_digits=20,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="trade",
            name="stop",
            field=models.DecimalField(
                decimal_places=8, help_text="As first set.", max_digits=20, null=True
            ),
        ),
        migrations.RunPython(as_first_set, migrations.RunPython.noop),
    ]
