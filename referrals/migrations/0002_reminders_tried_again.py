"""A reminder that the mail server refused waits, and is tried again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]

    operations = [
        migrations.AddField("reminder", "due_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("reminder", "tries", models.PositiveSmallIntegerField(default=0)),
    ]
