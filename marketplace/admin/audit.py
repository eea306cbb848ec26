"""The audit log: who did what, and why."""

from django.contrib import admin

from marketplace.access import OpsModelAdmin
from marketplace.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(OpsModelAdmin):
    """Newest first; search by the exact target, such as `store:s1`."""

    list_display = ("at", "actor_name", "verb", "target", "reason")
    search_fields = ("target__exact", "actor_name__exact", "verb__exact")
    search_help_text = "store:s1 · api_client:7 · user 12 · api_key.revoke"
    fields = ("at", "actor_name", "verb", "target", "reason", "before", "after")
    ordering = ("-pk",)
    show_full_result_count = False
