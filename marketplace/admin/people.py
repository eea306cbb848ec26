"""People as operations see them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.access import OpsModelAdmin
from marketplace.admin_inlines import OpsTabularInline
from marketplace.models import StoreMember, User


class MembershipInline(OpsTabularInline):
    """The stores in which a person works."""

    model = StoreMember
    fields = ("store", "role")


@admin.register(User)
class UserAdmin(OpsModelAdmin):
    """Everybody who can sign in; found by the exact e-mail or the marketplace's id."""

    list_display = ("__str__", "shown_profile", "language", "is_active", "is_staff", "date_joined")
    list_filter = ("is_staff", "is_active", "language")
    list_select_related = ("profile",)
    search_fields = ("email__exact", "ref__exact")
    search_help_text = _("The whole e-mail or the marketplace's id")
    fields = (
        ("ref", "email"),
        ("shown_profile", "phone"),
        ("language", "date_joined", "last_login"),
        ("is_active", "is_staff", "is_superuser"),
    )
    readonly_fields = ("shown_profile", "phone")
    inlines = (MembershipInline,)
    ordering = ("-pk",)

    @admin.display(description=_("name"))
    def shown_profile(self, user: User) -> str:
        """The name that the person gave."""
        return user.profile.name if hasattr(user, "profile") else ""

    @admin.display(description=_("phone"))
    def phone(self, user: User) -> str:
        """The phone that the person gave."""
        return user.profile.phone if hasattr(user, "profile") else ""
