"""Roles: groups of users that may look, trade, or administer.

Django makes permissions after all migrations; those that a role needs are made here as it would
make them, also of packages above, which this one knows by name alone.
"""

from django.db import migrations

LOOKED_AT = {
    "marketdata": ("instrument", "contract", "bar", "dataquality"),
    "trading": (
        "account",
        "tier",
        "configuration",
        "session",
        "auditevent",
        "signal",
        "trade",
        "order",
        "fill",
        "command",
        "preflight",
        "notice",
        "delivery",
        "heartbeat",
        "job",
        "jobrun",
        "export",
    ),
    "backtests": ("backtest", "backtestday", "backtesttrade", "study"),
}
VERBOSE = {
    "dataquality": "data quality",
    "auditevent": "audit event",
    "jobrun": "job run",
    "backtestday": "backtest day",
    "backtesttrade": "backtest trade",
    "apitoken": "api token",
}
VIEWER = [(app, model, "view") for app, models in LOOKED_AT.items() for model in models]
TRADER = [
    *VIEWER,
    ("trading", "command", "add"),
    ("trading", "configuration", "add"),
    ("trading", "configuration", "change"),
    ("backtests", "backtest", "add"),
    *[("trading", "apitoken", verb) for verb in ("view", "add", "delete")],
]
ADMIN = [
    *TRADER,
    *[("trading", "account", verb) for verb in ("add", "change")],
    *[("trading", "tier", verb) for verb in ("add", "change", "delete")],
    *[("trading", "job", verb) for verb in ("add", "change")],
    *[("marketdata", "contract", verb) for verb in ("add", "change", "delete")],
    *[("backtests", "backtest", "delete")],
    *[("auth", "user", verb) for verb in ("view", "add", "change", "delete")],
    *[("auth", "group", verb) for verb in ("view", "add", "change", "delete")],
]
ROLES = {"viewer": VIEWER, "trader": TRADER, "admin": ADMIN}


def add(apps, schema_editor):
    alias = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(alias)
    for name, wanted in ROLES.items():
        group, _ = groups.get_or_create(name=name)
        group.permissions.add(*(permission(apps, alias, *each) for each in wanted))


def permission(apps, alias, app, model, verb):
    types = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    kind, _ = types.get_or_create(app_label=app, model=model)
    rows = apps.get_model("auth", "Permission").objects.using(alias)
    words = f"Can {verb} {VERBOSE.get(model, model)}"
    return rows.get_or_create(
        content_type=kind, codename=f"{verb}_{model}", defaults={"name": words}
    )[0]


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0009_operations"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
