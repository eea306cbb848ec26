"""How this floor is called where people meet it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReferralsConfig(AppConfig):
    """Rounds and friends."""

    name = "referrals"
    verbose_name = _("Friendly discounts")
