"""Orders may be on their way back, and may be lost before they reach the broker."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0006_control")]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("sent", "Sent"),
                    ("working", "Working"),
                    ("partial", "Partial"),
                    ("cancelling", "Cancelling"),
                    ("filled", "Filled"),
                    ("cancelled", "Cancelled"),
                    ("rejected", "Rejected"),
                    ("lost", "Lost"),
                    ("abandoned", "Abandoned"),
                ],
                default="sent",
                max_length=10,
            ),
        ),
    ]
