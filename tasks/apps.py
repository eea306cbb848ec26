"""How this floor is called where people meet it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TasksConfig(AppConfig):
    """The floor's name on the admin sites."""

    name = "tasks"
    verbose_name = _("Influencers")
