"""Tries every way to another store's rows through an admin site, and tells which one leads there.

The ways come from the site's registry and its URLconf, so a model that is registered tomorrow is
tried tomorrow. Each finding begins with the way: `list`, `search`, `filter`, `page`, `choice`,
`initial`, `label`, `accepted`, `autocomplete`, `form` (a form of our own), `changed`.
"""

import dataclasses
import re
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F, Model
from django.forms import ModelChoiceField
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from marketplace.models import User
from marketplace.store_scope import default_path
from tests.world import World

QUERIES = ("filter", "search", "autocomplete")  # what these redirect to was looked at already
NAMING = ("text", "search", "hidden", "radio")  # a select and a textarea say no type
# Each request writes its own session, which is no row of a store.
WRITES = re.compile(r'\s*(INSERT|UPDATE|DELETE|WITH)(?! "django_session")')
NOISE = re.compile(r'value="\w{64}"|nonce="[^"]*"|nonce-[\w-]+|\d+\.\d+ ms')


class Prober:
    """`client` is signed in as one of `mine`; nothing of `theirs` may show or change."""

    def __init__(self, site: AdminSite, client: Client, mine: World, theirs: World) -> None:
        self.site, self.client, self.mine, self.theirs = site, client, mine, theirs
        self.admins: list[ModelAdmin[Any]] = list(site._registry.values())
        self.models = [(admin.model, admin.store_path) for admin in self.admins]
        self.before = theirs.snapshot(self.models)
        self.client.raise_request_exception = False  # a crash is a finding like others
        self.found: list[str] = []
        self.tried: set[Any] = set()  # forms of our own that stand on several pages

    def leaks(self, *, forms: bool = True) -> list[str]:
        """All that was found; empty when the site keeps the stores apart.

        Without `forms` the pages of our own beside Django's are only looked at.
        """
        for admin in self.admins:
            self._lists(admin)
            self._pages(admin)
            self._forms(admin)
            self._inlines(admin)
            self._actions(admin)
            if forms:
                self._own_pages(admin)
        self._site_pages()
        self._autocomplete()
        return self.found

    def lists(self) -> list[str]:
        """What was found in the lists alone; also that one hides the user's own row."""
        for admin in self.admins:
            self._lists(admin)
        return self.found

    # --- requests -------------------------------------------------------------------------------
    def _send(self, way: str, path: str, data: Any = None, *, post: bool = False) -> Any:
        """One request whose effects are undone; reports a mark in the page and a changed row."""
        point = transaction.savepoint()
        try:
            method = self.client.post if post else self.client.get
            writes: list[str] = []
            with connection.execute_wrapper(partial(_note, writes)):
                response = method(path, data or {}, follow=way not in QUERIES)
            page = body(response)
            what = f"{way}: {'POST' if post else 'GET'} {path} {data or ''}"
            if response.status_code >= 500:
                self.found.append(f"{what} answered {response.status_code}")
            if self.theirs.mark.lower() in page.lower():
                self.found.append(f"{what} shows {self._excerpt(page)!r}")
            if writes and self.theirs.snapshot(self.models) != self.before:
                self.found.append(f"changed by {what}")
            if writes and (crossed := crossings()):
                self.found.append(f"accepted: {what} ties two stores: {crossed}")
        finally:
            transaction.savepoint_rollback(point)
        return response

    def _excerpt(self, page: str) -> str:
        at = page.lower().index(self.theirs.mark.lower())
        return " ".join(page[max(0, at - 60) : at + 60].split())

    def _url(self, admin: Any, name: str, *args: Any) -> str:
        opts = admin.model._meta
        return reverse(
            f"admin:{opts.app_label}_{opts.model_name}_{name}",
            args=args,
            current_app=self.site.name,
        )

    def _theirs(self, admin: Any) -> list[Any]:
        return self.theirs.rows(admin.model, admin.store_path)

    def _own(self, admin: Any) -> Any:
        return self.mine.rows(admin.model, admin.store_path)[0]

    # --- lists ----------------------------------------------------------------------------------
    def _lists(self, admin: Any) -> None:
        path = self._url(admin, "changelist")
        response = self._send("list", path)
        if response.status_code == 200:
            shown = {row.pk for row in response.context["cl"].queryset}
            if shown & {row.pk for row in self._theirs(admin)}:
                self.found.append(f"list: {path} counts another store's rows")
            if self._own(admin).pk not in shown:
                self.found.append(f"list: {path} hides the user's own row: nothing is proved")
        half = self.theirs.mark[:-2]  # what is asked for comes back in the page: the mark must not
        for query in ({"q": half}, {"_popup": 1, "_to_field": "id"}, {"_popup": 1, "q": half}):
            self._send("search", path, query)
        for name, value in self._queries(admin):
            self._send("filter", path, {name: value})

    def _queries(self, admin: Any) -> Iterator[tuple[str, Any]]:
        """Parameters of the declared filters and of every relation, aimed at their rows."""
        half = self.theirs.mark[:-2]
        for field in _relations(admin.model):
            for row in self._related(field):
                yield f"{field.name}__{field.target_field.name}__exact", row.pk
                yield field.name, row.pk
            for column in field.related_model._meta.concrete_fields:
                yield f"{field.name}__{column.name}__startswith", half
        for column in admin.model._meta.concrete_fields:
            yield f"{column.name}__startswith", half

    def _related(self, field: Any) -> list[Any]:
        """Their rows that a relation could point at."""
        for admin in self.admins:
            if admin.model is field.related_model:
                return self._theirs(admin)[:1]
        return [row for row in _of_world(self.theirs) if isinstance(row, field.related_model)][:1]

    # --- pages of one object --------------------------------------------------------------------
    def _pages(self, admin: Any) -> None:
        """Every address with an id answers for their row as for one that isn't there."""
        own, missing = self._own(admin), _missing(self._own(admin))
        for name in _object_routes(admin):
            self._send("page", self._fill(admin, name, own.pk))
            for theirs in self._theirs(admin)[:1]:
                for post in (False, True):
                    data = {"post": "yes", "_save": "1"} if post else {"_popup": "1"}
                    answers = []
                    for key in (theirs.pk, missing):
                        path = self._fill(admin, name, key)
                        answers.append(_seen(self._send("page", path, data, post=post), key))
                    if answers[0] != answers[1]:
                        way = f"{'POST' if post else 'GET'} {self._fill(admin, name, theirs.pk)}"
                        self.found.append(f"page: {way} tells that their row exists")

    def _fill(self, admin: Any, name: str, key: Any) -> str:
        if name == "":
            return f"{self._url(admin, 'changelist')}{key}/"
        return reverse(f"admin:{name}", args=[key], current_app=self.site.name)

    # --- forms ----------------------------------------------------------------------------------
    def _forms(self, admin: Any) -> None:
        own = self._own(admin)
        pages = [self._url(admin, "add"), self._url(admin, "change", own.pk)]
        for path in pages:
            response = self._send("choice", path)
            form = _form(response)
            if form is None:
                continue
            self._choices(path, form)
            for field in form.fields:
                for row in self._choosable(form.fields[field]):
                    self._aim(path, own, form, field, row.pk)

    def _choices(self, path: str, form: Any) -> None:
        for name, field in form.fields.items():
            if name == form._meta.model._meta.pk.name:
                continue  # hidden in every inline; what is sent is looked up among the shown rows
            rows = self._choosable(field)
            if rows and field.queryset.filter(pk__in=[row.pk for row in rows]).exists():
                self.found.append(f"choice: {path} offers their {name}")

    def _choosable(self, field: Any) -> list[Any]:
        """Their rows that a form field would take if it knew no store."""
        if not isinstance(field, ModelChoiceField):
            return []
        model = field.queryset.model
        everything = [row for admin in self.admins for row in self._theirs(admin)[:1]]
        return [row for row in (*everything, *_of_world(self.theirs)) if type(row) is model][:1]

    def _aim(self, path: str, own: Any, form: Any, field: str, key: Any) -> None:
        """Put their key into one field: as a first value, and in a form that is sent."""
        for popup in ({}, {"_popup": "1", "_to_field": "id"}):
            response = self._send("initial", path, {field: key, **popup})
            shown = _form(response)
            if shown is not None and str(key) in str(shown.initial.get(field)):
                self.found.append(f"initial: {path}?{field}= takes their row")
        data = {name: _text(value) for name, value in model_to_dict(own).items()}
        response = self._send("label", path, {**data, field: key, "_save": "1"}, post=True)
        sent = _form(response)
        if sent is None or field not in sent.errors:
            self.found.append(f"accepted: {path} takes their row as {field}")

    def _inlines(self, admin: Any) -> None:
        path = self._url(admin, "change", self._own(admin).pk)
        response = self._send("page", path)
        context = response.context or {}
        for group in context.get("inline_admin_formsets") or []:
            formset = group.formset
            self._choices(f"{path} ({formset.prefix})", formset.empty_form)
            for inline, where in ((i, i.store_path) for i in [group.opts]):
                for row in self.theirs.rows(inline.model, where)[:1]:
                    data = {
                        f"{formset.prefix}-TOTAL_FORMS": 1,
                        f"{formset.prefix}-INITIAL_FORMS": 1,
                        f"{formset.prefix}-0-{row._meta.pk.name}": row.pk,
                        f"{formset.prefix}-0-DELETE": "on",
                        "_save": "1",
                    }
                    self._send("page", path, data, post=True)

    # --- pages of our own -----------------------------------------------------------------------
    def _own_pages(self, admin: Any) -> None:
        """Whatever other pages the admin has, every form on them is aimed at their rows."""
        for name, path in self._extra(admin):
            response = self._send("page", path, {"q": self.theirs.mark[:-2]})
            if getattr(response, "streaming", False) or response.status_code != 200:
                continue
            for form in forms_of(body(response)):
                known = (form.action or name, frozenset(form.fields))
                if known in self.tried:
                    continue
                self.tried.add(known)
                for field in form.aimable:
                    for aim in self._aims():
                        data = form.fields | {field: aim, **form.button}
                        to = form.action or path
                        self._send(f"form {name}", to, data, post=form.posts)

    def _extra(self, admin: Any) -> Iterator[tuple[str, str]]:
        """Other addresses than Django's, with the user's own row where one is asked for."""
        opts = admin.model._meta
        common = {f"{opts.app_label}_{opts.model_name}_{act}" for act in ("changelist", "history")}
        for url in admin.get_urls():
            if url.name is None or url.name in common or "delete" in url.name:
                continue
            args = [self._own(admin).pk] if "object_id" in str(url.pattern) else []
            yield url.name, reverse(f"admin:{url.name}", args=args, current_app=self.site.name)

    def _aims(self) -> list[str]:
        """The code and every id; rows of several tables may have the same number."""
        rows = _of_world(self.theirs)
        ids = (str(row.pk) for row in rows if not isinstance(row, User))
        return [self.theirs.code, *dict.fromkeys(ids)]

    # --- actions --------------------------------------------------------------------------------
    def _actions(self, admin: Any) -> None:
        path = self._url(admin, "changelist")
        response = self._send("list", path)
        form = (response.context or {}).get("action_form")
        names = [name for name, _ in form.fields["action"].choices if name] if form else []
        for row in self._theirs(admin)[:1]:
            for name in names:
                data = {"action": name, "_selected_action": [row.pk], "index": 0, "post": "yes"}
                self._send("page", path, data, post=True)
                self._send("page", path, data | {"select_across": "1"}, post=True)
            edit = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "1"}
            self._send("page", path, edit | {f"form-0-{row._meta.pk.name}": row.pk}, post=True)

    # --- the site -------------------------------------------------------------------------------
    def _site_pages(self) -> None:
        home = reverse("admin:index", current_app=self.site.name)
        self._send("page", home)
        for label in {admin.model._meta.app_label for admin in self.admins}:
            self._send("page", f"{home}{label}/")
        for extended in ({}, {"extended": "1"}):
            self._send("search", f"{home}search/", {"s": self.theirs.mark[:-2], **extended})
        for admin in self.admins:
            kind = ContentType.objects.get_for_model(admin.model).pk
            for row in self._theirs(admin)[:1]:
                response = self.client.get(f"{home}r/{kind}/{row.pk}/")
                if response.status_code not in (302, 404) or "/r/" in response.headers.get(
                    "Location", "/r/"
                ).replace(home, ""):
                    continue
                if response.status_code == 302:
                    self.found.append(f"page: {home}r/{kind}/{row.pk}/ leads to their row")

    def _autocomplete(self) -> None:
        path = reverse("admin:autocomplete", current_app=self.site.name)
        known = {admin.model for admin in self.admins} | {User}  # of others nothing is answered
        for model in apps.get_models():
            for field in (f for f in _relations(model) if f.related_model in known):
                for term in ("", self.theirs.mark[:-2]):
                    query = {
                        "app_label": model._meta.app_label,
                        "model_name": model._meta.model_name,
                        "field_name": field.name,
                        "term": term,
                    }
                    self._send("autocomplete", path, query)


def _note(writes: list[str], execute: Any, sql: str, *rest: Any) -> Any:
    """Keep the statements that change something."""
    if WRITES.match(sql):
        writes.append(sql)
    return execute(sql, *rest)


def body(response: Any) -> str:
    """What the browser gets, a streamed file too."""
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content).decode("latin-1")
    return str(response.content.decode(errors="replace"))


def crossings() -> list[str]:
    """Rows of one store that refer to a row of another (generated from the models)."""
    found = []
    for model in apps.get_models():
        if default_path(model) != "store":
            continue
        for field in _relations(model):
            if default_path(field.related_model) == "store" and not field.many_to_many:
                rows = model._default_manager.filter(**{f"{field.name}__store__isnull": False})
                if rows.exclude(**{f"{field.name}__store": F("store")}).exists():
                    found.append(f"{model._meta.label}.{field.name}")
    return found


@dataclasses.dataclass
class HtmlForm:
    """A form as it stands in a page."""

    action: str
    posts: bool
    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    button: dict[str, str] = dataclasses.field(default_factory=dict)
    aimable: list[str] = dataclasses.field(default_factory=list)  # may name a row


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            posts = given.get("method", "").lower() == "post"
            self.forms.append(HtmlForm(given.get("action", ""), posts))
        elif self._inside and tag in ("input", "select", "textarea", "button"):
            form, name = self.forms[-1], given.get("name", "")
            if not name or name == "csrfmiddlewaretoken":
                return
            where = form.button if tag == "button" else form.fields
            where[name] = given.get("value", "")
            if tag != "button" and given.get("type", "text") in NAMING:
                form.aimable.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def forms_of(page: str) -> list[HtmlForm]:
    """The forms of a page, sign-out and language apart."""
    parser = _Forms()
    parser.feed(page)
    apart = ("logout", "setlang")
    return [form for form in parser.forms if not any(word in form.action for word in apart)]


def _relations(model: type[Model]) -> list[Any]:
    return [
        field
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.remote_field and field.related_model
    ]


def _object_routes(admin: Any) -> list[str]:
    """Names of the addresses that take one id; "" for the old form without a name."""
    return [url.name or "" for url in admin.get_urls() if "object_id" in str(url.pattern)]


def _missing(row: Any) -> Any:
    return uuid4() if isinstance(row.pk, UUID) else 899_999_999


def _of_world(world: World) -> list[Any]:
    return [row for row in vars(world).values() if isinstance(row, Model)]


def _form(response: Any) -> Any:
    adminform = (response.context or {}).get("adminform") if response.context else None
    return adminform.form if adminform is not None else None


def _seen(response: Any, key: Any) -> tuple[int, list[str], str]:
    """What the caller sees of an answer, without the id that was asked for."""
    page = NOISE.sub("", body(response)).replace(str(key), "<id>")
    chain = [where.replace(str(key), "<id>") for where, _ in response.redirect_chain]
    return response.status_code, chain, page


def _text(value: Any) -> Any:
    return "" if value is None else value
