"""Accounts at a broker, confirmed starts, and preflights."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketdata", "0005_data_quality"),
        ("trading", "0007_order_life"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="broker",
            field=models.CharField(
                blank=True,
                help_text="Of a live account: rithmic, or test for a stand-in on this machine.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="broker_account",
            field=models.CharField(
                blank=True,
                help_text="The account as the broker calls it; cannot change.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="confirmed",
            field=models.BooleanField(
                default=False,
                help_text="Who asked typed the broker's account id: a live start needs it.",
            ),
        ),
        migrations.CreateModel(
            name="Preflight",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.SlugField(max_length=40)),
                (
                    "mode",
                    models.CharField(choices=[("paper", "Paper"), ("live", "Live")], max_length=10),
                ),
                ("broker", models.CharField(blank=True, max_length=20)),
                ("broker_account", models.CharField(blank=True, max_length=64)),
                ("day", models.DateField(help_text="Trading day.")),
                ("rules_digest", models.CharField(max_length=12)),
                ("passed", models.BooleanField()),
                ("results", models.JSONField(default=list)),
                (
                    "balance",
                    models.DecimalField(
                        decimal_places=8,
                        help_text="What the broker said.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("actor", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketdata.instrument",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "get_latest_by": "created_at",
                "indexes": [
                    models.Index(fields=["account", "day", "-created_at"], name="preflight_of_day")
                ],
            },
        ),
    ]
