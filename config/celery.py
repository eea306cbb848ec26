"""The Celery app and the whole beat table.

Nothing hangs on a message: each job asks its floor what is due, so a lost tick only waits for
the next one (trust.md, decision 2).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sarafan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")

# seconds between ticks, by job
BEAT = {
    "marketplace.jobs.forget_old": 600,
    "promocodes.jobs.expire_reservations": 10,
    "promocodes.jobs.issue_batches": 5,
    "promocodes.jobs.send_notices": 15,
    "affiliates.jobs.derive_commissions": 5,
    "affiliates.jobs.release_commissions": 30,
    "affiliates.jobs.announce_codes": 60,
    "referrals.jobs.drive_rounds": 5,
}
app.conf.beat_schedule = {
    # A tick that nobody took before the next one is worthless: let it expire.
    job: {"task": job, "schedule": seconds, "options": {"expires": seconds * 2}}
    for job, seconds in BEAT.items()
}
