"""The instruments that the engine knows, as rows. Rows that are there already stay as they are."""

from django.db import migrations

from engine.instruments import INSTRUMENTS


def add(apps, schema_editor):
    rows = apps.get_model("marketdata", "Instrument").objects.using(schema_editor.connection.alias)
    for item in INSTRUMENTS.values():
        rows.get_or_create(
            symbol=item.symbol,
            defaults={
                "name": item.name,
                "tick": item.tick,
                "tick_value": item.tick_value,
                "lot": item.lot,
                "fee": item.fee,
                "fee_rate": item.fee_rate,
                "calendar": item.calendar,
                "currency": item.currency,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
