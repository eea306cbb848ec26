"""Ids by the thousand are like those made one by one."""

import time
import uuid

from marketplace.ids import uuid7, uuid7_texts


def test_many_ids_are_ids_of_version_7_in_order_of_time() -> None:
    before, texts, after = uuid7(), uuid7_texts(5_000), time.time_ns() // 1_000_000
    ids = [uuid.UUID(text) for text in texts]
    assert [str(one) for one in ids] == texts == sorted(texts)
    assert len(set(ids)) == 5_000
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert before.int >> 80 <= ids[0].int >> 80 == ids[-1].int >> 80 <= after
    assert {text[19] for text in texts} == set("89ab")
    assert uuid7_texts(0) == []
