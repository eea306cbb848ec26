"""Our rules against the same rules written plainly (`reference`), on carts by Hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from promocodes import pricing, quoting, returns, units
from promocodes.cart import Cart
from promocodes.facts import Known
from promocodes.pricing import Left, Offer
from promocodes.terms import Terms
from tests.promocodes import reference
from tests.promocodes.strategies import all_terms, carts, codes

NOW = datetime(2026, 6, 1, tzinfo=UTC)
small = carts(most=4).map(
    lambda cart: replace(
        cart, lines=tuple(replace(line, quantity=line.quantity % 9 + 1) for line in cart.lines)
    )
)


def judged(cart: Cart, found: list) -> quoting.Quote:
    """The quote that the till would give, all facts known."""
    cart = replace(cart, codes=tuple(one.code for one in found))
    known = Known(at=NOW, cart=cart, persons=(), email="", codes={one.code: one for one in found})
    return quoting.judge(known, cart=cart).quote


@settings(max_examples=300, deadline=None)
@given(small, all_terms(), st.one_of(st.none(), st.integers(1, 500)))
def test_a_share_is_what_the_rules_say_to_the_unit(
    cart: Cart, terms: Terms, most: int | None
) -> None:
    lines = tuple(range(len(cart.lines)))
    whole = [[(line.quantity, line.unit_price_minor)] for line in cart.lines]
    offer = Offer(id=UUID(int=1), terms=terms, lines=lines, cap_minor=most)
    ours = pricing.apply(offer, Left(whole, cart.shipping_minor))
    theirs, shipping = reference.share(
        terms, list(lines), [units.expand(runs) for runs in whole], cart.shipping_minor, most
    )
    given_to = [
        units.expand(units.plus([(line.quantity, 0)], ours.lines.get(place, [])))
        for place, line in enumerate(cart.lines)
    ]
    assert (given_to, ours.shipping_minor) == (theirs, shipping)


@settings(max_examples=200, deadline=None)
@given(small, st.data())
def test_a_quote_is_the_best_that_the_rules_allow(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(n)) for n in range(1, data.draw(st.integers(1, 5)) + 1)]
    quote = judged(cart, found)
    saved = quote.discount_minor + quote.shipping_discount_minor
    assert saved == reference.best(found, cart)
    chosen = tuple(one for one, said in zip(found, quote.codes, strict=True) if said.is_applied)
    assert reference.together(chosen)
    assert saved == (reference.worth(chosen, cart) if chosen else 0)


@settings(max_examples=40, deadline=None)
@given(small, st.data())
def test_six_codes_are_the_best_of_all_sets(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(n)) for n in range(1, 7)]
    quote = judged(cart, found)
    assert quote.discount_minor + quote.shipping_discount_minor == reference.best(found, cart)


@settings(max_examples=60, deadline=None)
@given(small, st.data())
def test_of_more_codes_none_is_worse_than_the_best_alone(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(n)) for n in range(1, data.draw(st.integers(7, 9)) + 1)]
    quote = judged(cart, found)
    saved = quote.discount_minor + quote.shipping_discount_minor
    chosen = tuple(one for one, said in zip(found, quote.codes, strict=True) if said.is_applied)
    assert reference.together(chosen)
    assert saved == (reference.worth(chosen, cart) if chosen else 0)
    assert saved >= max(reference.worth((one,), cart) or 0 for one in found)


@settings(max_examples=150, deadline=None)
@given(small, st.data())
def test_whatever_is_typed_a_quote_adds_up(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(n)) for n in range(1, data.draw(st.integers(1, 8)) + 1)]
    quote = judged(cart, found)
    for line, told in zip(cart.lines, quote.lines, strict=True):
        shares = units.expand(told.units)
        assert len(shares) == line.quantity
        assert all(0 <= part <= line.unit_price_minor for part in shares)
        assert sum(shares) == told.discount_minor == sum(told.by_code.values())
        assert 0 <= told.discount_minor <= line.total_minor
    assert quote.discount_minor == sum(line.discount_minor for line in quote.lines)
    assert 0 <= quote.discount_minor <= quote.subtotal_minor
    assert 0 <= quote.shipping_discount_minor <= quote.shipping_minor
    given_by = sum(code.discount_minor for code in quote.codes)
    assert given_by == quote.discount_minor + quote.shipping_discount_minor
    for one, said in zip(found, quote.codes, strict=True):
        assert said.is_applied == (said.discount_minor > 0)
        if one.budget_left_minor is not None:
            assert said.discount_minor <= one.budget_left_minor
        if one.terms.max_discount_minor is not None:
            assert said.discount_minor <= one.terms.max_discount_minor


@settings(max_examples=100, deadline=None)
@given(small, st.data(), st.randoms(use_true_random=False))
def test_the_order_in_which_codes_are_typed_changes_nothing(cart: Cart, data, random) -> None:
    found = [data.draw(codes(n)) for n in range(1, data.draw(st.integers(2, 6)) + 1)]
    one, other = judged(cart, found), judged(cart, random.sample(found, len(found)))
    assert one.lines == other.lines
    assert {code.code: code for code in one.codes} == {code.code: code for code in other.codes}
    assert one.digest == other.digest


@settings(max_examples=150, deadline=None)
@given(small, st.data(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_no_codes_worth(cart: Cart, data, random) -> None:
    one = data.draw(codes(1))
    shuffled = replace(cart, lines=tuple(random.sample(cart.lines, len(cart.lines))))
    assert judged(cart, [one]).total_minor == judged(shuffled, [one]).total_minor


@settings(max_examples=150, deadline=None)
@given(small, st.data())
def test_whatever_was_given_comes_back_in_any_parts(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(n)) for n in range(1, data.draw(st.integers(1, 4)) + 1)]
    cart = replace(cart, codes=tuple(one.code for one in found))
    known = Known(at=NOW, cart=cart, persons=(), email="", codes={one.code: one for one in found})
    judgement = quoting.judge(known, cart=cart)
    shares = {
        facts.code: {
            cart.lines[place].ref: units.plus([(cart.lines[place].quantity, 0)], runs)
            for place, runs in share.lines.items()
        }
        for facts, share in judgement.shares
    }
    left = {one.code: share.discount_minor for one, share in judgement.shares}
    paid = cart.subtotal_minor - judgement.quote.discount_minor
    returned = [0] * len(cart.lines)
    while any(back < line.quantity for back, line in zip(returned, cart.lines, strict=True)):
        asked = {}
        for line, back in zip(cart.lines, returned, strict=True):
            if some := data.draw(st.integers(0, line.quantity - back)):
                asked[line.ref] = some
        for part in returns.give_back(cart.lines, returned, shares, asked or None):
            returned[part.place] += part.quantity
            paid -= part.amount_minor
            assert part.discount_minor >= 0
            assert part.amount_minor >= 0
            for code, amount in part.by_code.items():
                left[code] -= amount
                assert left[code] >= 0
    assert set(left.values()) <= {0}
    assert paid == 0
