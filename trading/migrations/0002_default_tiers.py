"""The capital ladders that the engine has by default, as rows that the trader may edit."""

from django.db import migrations

from engine.config import INDEX_TIERS, SINGLE_TIER


def add(apps, schema_editor):
    rows = apps.get_model("trading", "Tier").objects.using(schema_editor.connection.alias)
    for ladder, tiers in (("index", INDEX_TIERS), ("single", SINGLE_TIER)):
        for tier in tiers:
            rows.get_or_create(
                ladder=ladder,
                min_balance=tier.min_balance,
                defaults={
                    "name": tier.name,
                    "instrument_id": tier.symbol or None,
                    "min_size": tier.min_size,
                    "max_size": tier.max_size,
                    "loss_limit": tier.loss_limit,
                },
            )


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_initial"), ("marketdata", "0002_default_instruments")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
