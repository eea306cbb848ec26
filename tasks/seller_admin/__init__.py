"""Tasks on the sellers' site: offers, who took them, and the content inbox."""

from django.contrib.admin import AdminSite

from tasks.models import Submission, Task
from tasks.seller_admin.inbox import SubmissionAdmin
from tasks.seller_admin.offers import TaskAdmin


def register(site: AdminSite) -> None:
    """Put this floor's pages on the sellers' site."""
    site.register(Task, TaskAdmin)
    site.register(Submission, SubmissionAdmin)
