"""Commands may start and stop the session, and are asked for once under a key."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0005_trade_last_stop"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="command",
            name="command_kind",
        ),
        migrations.AddField(
            model_name="command",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="Made by who asks: asking again under the same key is the same command.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="command",
            name="kind",
            field=models.CharField(
                choices=[
                    ("halt", "halt: no more entries"),
                    ("resume", "resume: lift an operator's halts"),
                    ("flatten", "flatten: close the position"),
                    ("kill", "kill: flatten, cancel, halt"),
                    ("stop", "stop: end the session, go on serving"),
                    ("start", "start: begin or continue the session"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["halt", "resume", "flatten", "kill", "stop", "start"])
                ),
                name="command_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True),
                fields=("account", "key"),
                name="command_key_unique",
            ),
        ),
    ]
