"""Who could have brought the lines of some orders: codes that were used, links that were followed.

Everything is read for a whole batch of orders at once. What was redeemed here counts with its
stored shares; a code that the shop only names in the order's events counts on the lines that its
promotion covers, if it was valid at the order's time. A use and an order belong together if they
are of one speaker: the marketplace, or the store whose own key spoke.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from affiliates.agreements import Plans
from affiliates.models import Affiliate, Click
from affiliates.winners import ClickUse, CodeUse
from marketplace.models import Order, OrderLine
from promocodes.codes import normalise
from promocodes.models import PromoCode, Promotion, PromotionTerms, Redemption

USED = (
    Redemption.State.REDEEMED,
    Redemption.State.PART_REVERSED,
    Redemption.State.REVERSED,
)
SEPARATOR = "."


def ordered_at(order: Order) -> datetime:
    """The order's time as the shop told it: placed, else paid."""
    at = order.placed_at or order.paid_at
    if at is None:
        raise ValueError("an order without a time brings nobody anything")
    return at


@dataclass(frozen=True)
class Candidates:
    """The candidates of a batch of orders, by order and line."""

    codes: dict[tuple[str, str], list[CodeUse]]
    clicks: dict[tuple[str, str], list[ClickUse]]
    affiliates: dict[str, Affiliate]
    promotions: dict[str, Promotion]
    decided_at: dict[str, datetime]  # by use: when the code was redeemed, by our own clock


def find(orders: Sequence[Order], plans: Plans) -> Candidates:
    """All candidates of these orders, whose lines are prefetched with their stores."""
    uses = _redemptions(orders)
    named = _named_codes(orders, uses)
    clicks = _clicks(orders)
    affiliates = _affiliates(uses, named, clicks)
    found = Candidates(
        codes=defaultdict(list),
        clicks=defaultdict(list),
        affiliates={str(affiliate.pk): affiliate for affiliate in affiliates.values()},
        promotions={},
        decided_at={str(use.pk): use.decided_at for listed in uses.values() for use in listed},
    )
    for order in orders:
        _add_redeemed(found, order, uses.get(order.ref, []), affiliates)
        _add_named(found, order, named.get(order.ref, []), affiliates)
        if click := clicks.get(order.click_ref):
            _add_click(found, order, click, plans)
    return found


def used_at(use_refs: Collection[str]) -> dict[str, datetime]:
    """When these uses of codes were redeemed, by our own clock."""
    if not use_refs:
        return {}
    rows = Redemption.objects.filter(pk__in=use_refs).values_list("pk", "decided_at")
    return {str(pk): at for pk, at in rows}


def _redemptions(orders: Sequence[Order]) -> dict[str, list[Redemption]]:
    rows = (
        Redemption.objects.filter(
            checkout__order_ref__in=[order.number for order in orders],
            state__in=USED,
            code__holder__isnull=False,
        )
        .select_related("checkout", "code", "promotion")
        .prefetch_related("lines")
        .order_by("id")
    )
    told = {(order.reported_by_id, order.number): order.ref for order in orders}
    by_order: dict[str, list[Redemption]] = defaultdict(list)
    for row in rows:
        ref = told.get((row.checkout.store_id, row.checkout.order_ref or ""))
        if ref is not None:
            by_order[ref].append(row)
    return by_order


def _named_codes(
    orders: Sequence[Order], uses: dict[str, list[Redemption]]
) -> dict[str, list[PromoCode]]:
    """By order, what it names and what was not redeemed on it."""
    words = {order.ref: _unredeemed(order, uses.get(order.ref, [])) for order in orders}
    wanted = {word for listed in words.values() for word in listed}
    if not wanted:
        return {}
    rows = PromoCode.objects.filter(
        code__in=wanted, holder__isnull=False, promotion__approved_at__isnull=False
    ).select_related("promotion__terms", "promotion__store")
    by_word: dict[str, list[PromoCode]] = defaultdict(list)
    for row in rows.order_by("id"):
        by_word[row.code].append(row)
    return {
        ref: [code for word in listed for code in by_word[word]] for ref, listed in words.items()
    }


def _unredeemed(order: Order, uses: Sequence[Redemption]) -> list[str]:
    redeemed = {use.code.code for use in uses}
    return [word for word in _words(order) if word not in redeemed]


def _clicks(orders: Sequence[Order]) -> dict[str, Click]:
    refs = {order.click_ref for order in orders if SEPARATOR in order.click_ref}
    if not refs:
        return {}
    parts = [ref.partition(SEPARATOR) for ref in refs]
    rows = Click.objects.filter(
        link__in=[link for link, _, _ in parts], token__in=[token for _, _, token in parts]
    ).select_related("link__affiliate", "link__promotion", "link__product")
    return {row.ref: row for row in rows}


def _affiliates(
    uses: dict[str, list[Redemption]],
    named: dict[str, list[PromoCode]],
    clicks: dict[str, Click],
) -> dict[int, Affiliate]:
    holders = {use.code.holder_id for listed in uses.values() for use in listed}
    holders |= {code.holder_id for listed in named.values() for code in listed}
    by_user = {
        affiliate.user_id: affiliate
        for affiliate in Affiliate.objects.filter(user__in=holders - {None}).select_related("user")
    }
    for click in clicks.values():
        by_user.setdefault(click.link.affiliate.user_id, click.link.affiliate)
    return by_user


def _add_redeemed(
    found: Candidates, order: Order, uses: list[Redemption], affiliates: dict[int, Affiliate]
) -> None:
    for use in uses:
        affiliate = affiliates.get(use.code.holder_id or 0)
        if affiliate is None or use.promotion.currency != order.currency:
            continue
        found.promotions[str(use.promotion_id)] = use.promotion
        shares = {line.line_ref: line for line in use.lines.all()}
        for line in order.lines.all():
            share = shares.get(line.ref)
            if share is None if shares else use.store_id not in (None, line.store_id):
                continue
            if share is not None and share.store_id not in (None, line.store_id):
                continue  # the cart had something else under this number
            found.codes[order.ref, line.ref].append(
                CodeUse(
                    affiliate=str(affiliate.pk),
                    code_id=str(use.code_id),
                    code=use.code.code,
                    promotion=str(use.promotion_id),
                    discount_minor=share.discount_minor if share is not None else 0,
                    order=_place(order, use.code.code),
                    use_ref=str(use.pk),
                    is_backed=_is_backed(order, use.promotion),
                )
            )


def _add_named(
    found: Candidates, order: Order, codes: list[PromoCode], affiliates: dict[int, Affiliate]
) -> None:
    at = ordered_at(order)
    for code in codes:
        affiliate = affiliates.get(code.holder_id or 0)
        if affiliate is None or not _was_valid(code, order, at):
            continue
        found.promotions[str(code.promotion_id)] = code.promotion
        for line in order.lines.all():
            if _covers(code.promotion, code.promotion.terms, line):
                found.codes[order.ref, line.ref].append(
                    CodeUse(
                        affiliate=str(affiliate.pk),
                        code_id=str(code.pk),
                        code=code.code,
                        promotion=str(code.promotion_id),
                        discount_minor=0,
                        order=_place(order, code.code),
                        is_backed=_is_backed(order, code.promotion),
                    )
                )


def _was_valid(code: PromoCode, order: Order, at: datetime) -> bool:
    terms = code.promotion.terms
    return (
        code.promotion.currency == order.currency
        and terms.starts_at <= at
        and (terms.ends_at is None or at < terms.ends_at)
        and (code.revoked_at is None or at < code.revoked_at)
        and (code.promotion.cancelled_at is None or at < code.promotion.cancelled_at)
    )


def _covers(promotion: Promotion, terms: PromotionTerms, line: OrderLine) -> bool:
    if promotion.store_id not in (None, line.store_id):
        return False
    if terms.stores and line.store.ref not in terms.stores:
        return False
    if line.product_ref in terms.exclude_products:
        return False
    if terms.scope == PromotionTerms.Scope.PRODUCTS:
        return line.product_ref in terms.products
    if terms.scope == PromotionTerms.Scope.CATEGORIES:
        return line.category_ref in terms.categories
    return True


def _add_click(found: Candidates, order: Order, click: Click, plans: Plans) -> None:
    at = ordered_at(order)
    link = click.link
    target = link.promotion.store_id if link.promotion else link.store_id
    target = link.product.store_id if link.product else target
    if link.promotion:
        found.promotions[str(link.promotion_id)] = link.promotion
    for line in order.lines.all():
        if target not in (None, line.store_id):
            continue  # a link brings sales of its own store only
        found.clicks[order.ref, line.ref].append(
            ClickUse(
                affiliate=str(link.affiliate_id),
                click_ref=click.ref,
                clicked_at=click.clicked_at,
                window_days=plans.at(line.store_id, at).window_days,
                promotion=str(link.promotion_id) if link.promotion_id else None,
                is_open=link.is_active,
                is_backed=_is_backed(order, link.promotion),
            )
        )


def _is_backed(order: Order, promotion: Promotion | None) -> bool:
    """Whether whoever pays has a say in it: a store's word alone spends the store's money only."""
    if order.reported_by_id is None or promotion is None:  # without one, the line's store pays
        return True
    return promotion.store_id == order.reported_by_id


def _words(order: Order) -> list[str]:
    """The codes that the shop names, as they are looked up: it may report what was typed."""
    return list(dict.fromkeys(map(normalise, order.codes)))


def _place(order: Order, word: str) -> int:
    words = _words(order)
    return words.index(word) if word in words else len(words)
