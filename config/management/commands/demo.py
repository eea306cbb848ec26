"""`manage.py demo`: a marketplace with a story, for whoever tries Sarafan for the first time."""

import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import override

from config import demo
from config.demo import story
from config.demo.people import PERSONAS


class Command(BaseCommand):
    """Load the demo, or list its one-click sign-ins."""

    help = (
        "Load the demo: shops, influencers, orders, a round. Once; refused unless DEBUG and DEMO."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--links`."""
        parser.add_argument(
            "--links", action="store_true", help="print the one-click sign-ins, a label and a link"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, or print."""
        try:
            demo.demand()
        except demo.DemoRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["links"]:
            self._print_links()
            return
        if story.is_loaded():
            self.stdout.write("The demo is loaded already.")
            return
        with redirect_stdout(sys.stderr):  # letters that are only printed
            story.load()
        self.stdout.write("The demo is loaded.")

    def _print_links(self) -> None:
        with override("en"):
            for persona in PERSONAS:
                path = reverse("demo-sign-in", args=[persona.role])
                self.stdout.write(f"{persona.title}\t{settings.SITE_URL}{path}")
