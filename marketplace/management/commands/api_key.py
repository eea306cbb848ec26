"""`manage.py api_key create | list | revoke`: the keys of the marketplace's servers."""

import getpass
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace import clock, keys
from marketplace.models import ApiClient, ApiKey, Store


class Command(BaseCommand):
    """Prints a new key's secret once; it is kept nowhere."""

    help = "Create, list and revoke API keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per act."""
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser(
            "create", help="a key, for a new client or a second for a known one"
        )
        create.add_argument("--name", required=True, help="the client's name")
        create.add_argument("--scopes", help=f"of {','.join(ApiClient.Scope.values)}")
        create.add_argument("--store", metavar="REF", help="bind the client to one store")
        create.add_argument("--addresses", default="", help="addresses or networks, by comma")
        create.add_argument("--expires", metavar="90d|DATE", help="after so many days, or this day")
        create.add_argument(
            "--rate", type=int, metavar="N", help="calls a second, instead of API_CALLS_PER_SECOND"
        )
        create.add_argument("--quiet", action="store_true", help="print the secret alone")
        acts.add_parser("list", help="all clients and keys")
        revoke = acts.add_parser("revoke", help="stop a key at once")
        revoke.add_argument("prefix", help="the first characters of the key, as `list` shows them")
        revoke.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the act; a refusal is one line."""
        act = {"create": self._create, "list": self._list, "revoke": self._revoke}[options["act"]]
        try:
            act(options)
        except keys.KeyRefusal as refusal:
            raise CommandError(str(refusal)) from refusal

    def _create(self, options: dict[str, Any]) -> None:
        expires = options["expires"]
        expires_at = keys.read_end(expires, at=clock.now()) if expires else None
        keys.check_rate(options["rate"])
        client = ApiClient.objects.filter(name=options["name"]).first()
        if client is None:
            client = self._new_client(options)
        elif options["scopes"] and set(_words(options["scopes"])) != set(client.scopes):
            raise CommandError(
                f"{client} has the scopes {','.join(client.scopes)}; a second key has the same."
            )
        key, secret = keys.create(
            client=client, actor=_who(), expires_at=expires_at, calls_per_second=options["rate"]
        )
        if options["quiet"]:
            self.stdout.write(secret)
            return
        self.stdout.write(f"Key of {client} ({', '.join(client.scopes)}), shown only now:\n")
        self.stdout.write(self.style.SUCCESS(f"  {secret}"))
        if expires_at:
            self.stdout.write(f"\nIt works until {_minute(expires_at)}.")
        others = client.keys.live().exclude(pk=key.pk)
        for other in others:
            self.stdout.write(f"\n{other} is live too; when your servers use the new key:")
            self.stdout.write(f"  manage.py api_key revoke {other.prefix} --reason rotated")

    def _new_client(self, options: dict[str, Any]) -> ApiClient:
        store = None
        if options["store"]:
            store = Store.objects.filter(ref=options["store"]).first()
            if store is None:
                raise CommandError(f"There is no store {options['store']}.")
        return keys.create_client(
            name=options["name"],
            scopes=_words(options["scopes"] or ""),
            store=store,
            addresses=_words(options["addresses"]),
            actor=_who(),
        )

    def _list(self, options: dict[str, Any]) -> None:
        now = clock.now()
        for client in ApiClient.objects.select_related("store").prefetch_related("keys"):
            only = f", only store {client.store.ref}" if client.store else ""
            places = f", from {', '.join(client.addresses)}" if client.addresses else ""
            self.stdout.write(f"{client}: {', '.join(client.scopes)}{only}{places}")
            for key in client.keys.all():
                used = f"last used {_minute(key.last_used_at)}" if key.last_used_at else "unused"
                rate = f", {key.calls_per_second} calls/s" if key.calls_per_second else ""
                self.stdout.write(f"  {key.prefix}  {_state(key, now)}, {used}{rate}")

    def _revoke(self, options: dict[str, Any]) -> None:
        prefix = options["prefix"].rstrip("…")
        if len(prefix) < len(keys.PREFIX) + 4:
            raise CommandError("Give at least the first 7 characters of the key.")
        found = list(
            ApiKey.objects.filter(prefix__startswith=prefix[: keys.SHOWN], revoked_at=None)
        )
        if len(found) != 1:
            raise CommandError(f"{len(found) or 'No'} live keys begin with {prefix}.")
        keys.revoke(key=found[0], actor=_who(), reason=options["reason"])
        self.stdout.write(f"{found[0]} is revoked.")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _minute(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _state(key: ApiKey, at: datetime) -> str:
    if key.revoked_at:
        return f"revoked {_minute(key.revoked_at)}"
    if key.expires_at is None:
        return "live"
    word = "expired" if key.state(at) == ApiKey.State.EXPIRED else "live until"
    return f"{word} {_minute(key.expires_at)}"


def _who() -> str:
    """Who runs the command, for the audit log."""
    return f"manage.py by {getpass.getuser()}"
