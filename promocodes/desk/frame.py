"""What the seller's own pages share with the admin around them: the frame, and its addresses."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Frame:
    """The site in which a page of ours stands."""

    site: AdminSite

    def url(self, name: str, *args: Any) -> str:
        """An address of the promotions' pages."""
        return reverse(f"{self.site.name}:promocodes_promotion_{name}", args=args)

    def url_above(self, name: str) -> str:
        """An address of a floor above on the same site; empty when there is no such page."""
        try:
            return reverse(f"{self.site.name}:{name}")
        except NoReverseMatch:
            return ""

    def render(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        context: dict[str, Any],
        *,
        status: int = 200,
    ) -> HttpResponse:
        """A whole page."""
        request.current_app = self.site.name
        whole = self.site.each_context(request) | {
            "title": title,
            "list_url": self.url("changelist"),
            "affiliate_setting": self.url_above("tasks_task_promote"),
        }
        return TemplateResponse(request, template, whole | context, status=status)
