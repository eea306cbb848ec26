"""The share kit (pure): links tagged by channel, what each channel is asked for, the QR code."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

import segno
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from referrals.models import Visit

Channel = Visit.Channel
TAG = "via"


@dataclass(frozen=True)
class ShareChannel:
    """One button of the share bar: the icon's name, its label, where it leads."""

    key: str
    label: str | Promise
    href: str


def tagged(link: str, channel: str) -> str:
    """The link that tells by which channel a friend came."""
    return f"{link}?{TAG}={channel}"


def channels(*, link: str, title: str, text: str) -> list[ShareChannel]:
    """The buttons of the share bar, in the order in which our shoppers use them.

    `text` goes along where the channel takes one; it never holds the link itself.
    """
    said = text or title
    telegram = {"url": tagged(link, Channel.TELEGRAM), "text": said}
    network = {"title": title}
    return [
        ShareChannel(
            "ok",
            _("OK"),
            _to("https://connect.ok.ru/offer", network | {"url": tagged(link, Channel.OK)}),
        ),
        ShareChannel(
            "vk",
            Channel.VK.label,
            _to("https://vk.com/share.php", network | {"url": tagged(link, Channel.VK)}),
        ),
        ShareChannel("telegram", "Telegram", _to("https://t.me/share/url", telegram)),
        ShareChannel(
            "whatsapp",
            "WhatsApp",
            _to(
                "https://api.whatsapp.com/send",
                {"text": f"{said}\n{tagged(link, Channel.WHATSAPP)}"},
            ),
        ),
        ShareChannel(
            "viber",
            "Viber",
            _to("viber://forward", {"text": f"{said}\n{tagged(link, Channel.VIBER)}"}),
        ),
        ShareChannel(
            "mail",
            Channel.EMAIL.label,
            _to("mailto:", {"subject": title, "body": f"{said}\n\n{tagged(link, Channel.EMAIL)}"}),
        ),
    ]


def channel_of(tag: str | None) -> str:
    """The channel that a tag names; anything unknown is `other`."""
    return tag if tag in Channel.values else Channel.OTHER


def qr(link: str) -> segno.QRCode:
    """The QR code of an invitation; survives a quarter of it being covered."""
    return segno.make(tagged(link, Channel.QR), error="q", micro=False)


def _to(address: str, parameters: dict[str, str]) -> str:
    return f"{address}?{urlencode(parameters, quote_via=quote)}"
