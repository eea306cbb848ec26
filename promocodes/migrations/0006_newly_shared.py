"""Shared promotions by the time of their approval, so that news of them costs no look at all."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0003_key_expiry_and_rate"),
        ("promocodes", "0005_codes_of_a_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="promotion",
            index=models.Index(
                condition=models.Q(("share_with_affiliates", True), ("status", "approved")),
                fields=["approved_at"],
                name="promotion_newly_shared",
            ),
        ),
    ]
