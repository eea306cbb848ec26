"""More codes at /seller/ and /admin/: a file looked through, codes made, how far they are."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from promocodes import importing, issuing
from promocodes.forms import codes as forms
from promocodes.models import CodeBatch, PromoCode
from tests.browser import DESK, PHONE, assert_fits, sign_in
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion
from tests.promocodes.test_seller_browser import assert_accessible

SELLER = "/seller/promocodes/promotion/"
OPS = "/admin/promocodes/promotion/"


@pytest.fixture
def store(db):
    store = make_store(owner=make_user(language="en"), name="Glaze")
    store.owner = store.members.get().user
    return store


@pytest.fixture
def promotion(store):
    return make_promotion(store=store, name="Summer")


@pytest.fixture(params=["seller", "ops"])
def door(request, client, store, promotion):
    """The same page on both sites: the client, and the page's address."""
    is_ops = request.param == "ops"
    client.force_login(make_staff(language="en") if is_ops else store.owner)
    return client, f"{OPS if is_ops else SELLER}{promotion.pk}/codes/"


def words(response) -> str:
    return unescape(response.content.decode())


def upload(client, here, text, name="list.csv"):
    file = SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
    return client.post(here, {"act": "check", "file": file})


@pytest.mark.django_db
def test_a_file_is_looked_through_then_imported(door, promotion) -> None:
    client, here = door
    asked = upload(client, here, "code\nA1\nA1\nB2\n=x\n")
    page = words(client.get(asked.url))
    for text in ("What is in list.csv", "Import 2 codes", "=x", "only letters and digits fit"):
        assert text in page
    assert not PromoCode.objects.exists()
    batch = CodeBatch.objects.get()
    assert client.post(here, {"act": "import", "batch": batch.pk}).url == here
    assert "hx-trigger" in words(client.get(here))
    importing.import_due()
    page = words(client.get(here, headers={"HX-Request": "true"}))
    assert "2 of 2 made" in page
    assert "<html" not in page
    assert "hx-trigger" not in page
    assert set(PromoCode.objects.values_list("code", flat=True)) == {"A1", "B2"}
    again = words(client.post(here, {"act": "import", "batch": batch.pk}, follow=True))
    assert "This file does not wait any more." in again


@pytest.mark.django_db
def test_a_file_is_thrown_away(door) -> None:
    client, here = door
    upload(client, here, "A1")
    batch = CodeBatch.objects.get()
    page = words(client.post(here, {"act": "drop", "batch": batch.pk}, follow=True))
    assert "nothing was imported" in page
    assert "list.csv" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "said"),
    [(b"", "This file is empty."), (b"PK\0\0", "This is no text file."), (b"x" * 11, "at most")],
)
def test_a_file_that_does_not_do_is_told(door, monkeypatch, text, said) -> None:
    client, here = door
    monkeypatch.setattr(forms, "MOST_BYTES", 10)
    answer = upload(client, here, text)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "Choose a file first." in words(client.post(here, {"act": "check"}))
    assert not CodeBatch.objects.exists()


@pytest.mark.django_db
def test_codes_are_made_by_a_pattern_with_room_for_them(door) -> None:
    client, here = door
    small = client.post(here, {"act": "make", "count": "1000", "pattern": "TEA-##"})
    assert small.status_code == 422
    assert "try TEA-####." in words(small)
    assert client.post(here, {"act": "make", "count": "30", "pattern": "tea-####"}).url == here
    issuing.make_due()
    assert PromoCode.objects.filter(code__startswith="TEA-").count() == 30
    assert "30 of 30 made" in words(client.get(here))


@pytest.mark.django_db
def test_a_file_of_another_promotion_is_no_file_here(door, store) -> None:
    client, here = door
    other = make_promotion(store=store)
    upload(client, here.replace(here.split("/")[4], str(other.pk)), "A1")
    batch = CodeBatch.objects.get(promotion=other)
    assert client.get(f"{here}?batch={batch.pk}").status_code == 404
    for act in ("import", "drop"):
        assert client.post(here, {"act": act, "batch": batch.pk}).status_code == 404
    assert client.post(here, {"act": "import", "batch": "x"}).status_code == 404
    batch.refresh_from_db()
    assert batch.state == "checked"


@pytest.mark.django_db
def test_anothers_promotion_takes_no_codes(client, store) -> None:
    client.force_login(store.owner)
    theirs = make_promotion()
    here = f"{SELLER}{theirs.pk}/codes/"
    assert client.get(here).status_code == 404
    assert upload(client, here, "A1").status_code == 404
    assert not CodeBatch.objects.exists()


@pytest.mark.django_db
def test_staff_without_the_permission_adds_none(client, promotion) -> None:
    client.force_login(make_staff(is_superuser=False))
    assert upload(client, f"{OPS}{promotion.pk}/codes/", "A1").status_code == 403
    assert not CodeBatch.objects.exists()


@pytest.mark.django_db
def test_the_page_of_a_promotion_leads_there(client, store, promotion) -> None:
    client.force_login(store.owner)
    assert f"{promotion.pk}/codes/" in words(client.get(f"{SELLER}{promotion.pk}/change/"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_file_goes_its_whole_way_in_a_browser(
    open_page, store, promotion, size, tmp_path
) -> None:
    page = open_page(size=size, locale="en-US")
    sign_in(page, store.owner)
    page.goto(f"{SELLER}{promotion.pk}/codes/")
    file = tmp_path / "my codes.csv"
    file.write_text("code;note\nTEA1;x\nTEA2;y\nTEA2;z\nno way!;\n")
    page.get_by_label("File with codes").set_input_files(file)
    page.get_by_role("button", name="Look through the file").click()
    expect(page.get_by_role("button", name="Import 2 codes")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("button", name="Import 2 codes").click()
    expect(page.locator("#batches")).to_contain_text("0 of 2 made")
    importing.import_due()
    expect(page.locator("#batches")).to_contain_text("2 of 2 made")
    assert_fits(page)
    assert_accessible(page)
