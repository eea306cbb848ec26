"""How the two admin sites look and what stands in their sidebars (settings of django-unfold).

The colours are those of docs/design.md. Two marks tell two open tabs apart.
"""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MADDER = {
    "50": "#fdf3f3",
    "100": "#fbe7e6",
    "200": "#f6cfd2",
    "300": "#eca6b0",
    "400": "#df7389",
    "500": "#cf3d66",
    "600": "#a81c45",
    "700": "#8a1336",
    "800": "#741330",
    "900": "#63142d",
    "950": "#380615",
}
LINEN = {
    "50": "#fbf8f4",
    "100": "#f4ede4",
    "200": "#e7dbcf",
    "300": "#d3c2b5",
    "400": "#a8938a",
    "500": "#7d6a63",
    "600": "#62514c",
    "700": "#4b3c39",
    "800": "#33282a",
    "900": "#251b1b",
    "950": "#171010",
}


def _styles(request: HttpRequest) -> str:
    return static("css/admin.css")


def _look(*, title: str | Promise, who: str | Promise, mark: str, site: str) -> dict[str, Any]:
    """The settings of one site; `site` names its callbacks in config."""

    def picture(request: HttpRequest) -> str:
        return static(mark)

    return {
        "SITE_TITLE": title,
        "SITE_HEADER": _("Sarafan"),
        "SITE_SUBHEADER": who,
        "SITE_URL": "/",
        "SITE_ICON": picture,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": picture}],
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "SHOW_LANGUAGES": True,
        "BORDER_RADIUS": "10px",
        "COLORS": {"primary": MADDER, "base": LINEN},
        "STYLES": [_styles],
        "DASHBOARD_CALLBACK": f"config.dashboards.{site}",
        "SIDEBAR": {"show_search": True, "navigation": f"config.navigation.{site}"},
        "ACCOUNT": {"navigation": "config.navigation.account"},
    }


OPS = _look(title=_("Sarafan operations"), who=_("Operations"), mark="img/mark-ops.svg", site="ops")
SELLERS = _look(
    title=_("Sarafan for sellers"), who=_("For sellers"), mark="img/mark.svg", site="sellers"
)
