"""US stocks and ETFs, for installations made before the engine knew them. Rows that are there
already stay as they are."""

from importlib import import_module

from django.db import migrations

add = import_module("marketdata.migrations.0002_default_instruments").add


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0003_bar_session_deviation")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
