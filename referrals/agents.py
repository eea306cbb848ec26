"""What a user agent hints at (pure): a hint is for waiting and for statistics, never for refusal.

Lists of agents flag humans (in-app browsers of big apps) and miss previews, so nothing here can
make a visit "not counted" (rounds.md, Why not user-agent lists).
"""

import re
from ipaddress import IPv6Address, ip_address

# The names under which messengers and networks fetch a page to draw its preview. Each is matched
# as its own product: "Viber" alone is the previewer, "Viber/11.9" in a browser's agent a person.
_PREVIEWERS = re.compile(
    r"vkShare|OdklBot|TelegramBot|^WhatsApp/|facebookexternalhit|Facebot|Twitterbot|Discordbot"
    r"|Slackbot|Slack-ImgProxy|SkypeUriPreview|ViberUrlDownloader|^Viber\Z|Mail\.RU_Bot"
    r"|LinkedInBot|Pinterestbot|redditbot|Iframely|Embedly|GoogleImageProxy|bitlybot",
    re.IGNORECASE,
)
_PROGRAMS = re.compile(
    r"HeadlessChrome|PhantomJS|Puppeteer|Playwright|Selenium|python-requests|python-urllib|aiohttp"
    r"|httpx|\bcurl/|\bWget/|Go-http-client|okhttp/|Java/|libwww-perl|Scrapy|\bHttpClient\b",
    re.IGNORECASE,
)
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
_BROWSERS = ("YaBrowser", "YaApp", "OPR", "Edg", "SamsungBrowser", "Firefox", "Chrome", "Safari")


def is_previewer(agent: str) -> bool:
    """Whether the agent names a known link previewer."""
    return bool(_PREVIEWERS.search(agent))


def looks_automated(agent: str) -> bool:
    """Whether the agent names a program that drives itself, or nothing at all."""
    return not agent.strip() or bool(_PROGRAMS.search(agent))


def family(agent: str) -> str:
    """A coarse family such as `Android Chrome`, the same for very many people."""
    system = next((name for name in _SYSTEMS if name in agent), "")
    browser = next((name for name in _BROWSERS if name in agent), "")
    return f"{system} {browser}"


def network(address: str) -> str:
    """The network part of an address: /24 of IPv4, /56 of IPv6; empty for no address."""
    try:
        at = ip_address(address)
    except ValueError:
        return ""
    if isinstance(at, IPv6Address):
        if at.ipv4_mapped is None:
            return at.packed[:7].hex()
        at = at.ipv4_mapped
    return at.packed[:3].hex()
