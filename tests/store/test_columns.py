"""Rows as columns: the same lines as row by row, whatever stands in between."""

from datetime import UTC, datetime, timedelta
from random import Random

from careweft.store.bodies import Bodies, built_in, whole
from careweft.store.bound import Bound
from careweft.store.columns import APART, WEIGHT, Columns
from careweft.store.hashes import Hashes

KEY = b"k" * 32
PLAIN = Bodies(1, KEY, built_in())
SEALED = Bodies(1, KEY, built_in(), {7: KEY})
BARE = Bodies(1, KEY, {})
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def gathered(rows: list[tuple], others: list[str] | None = None) -> Columns:
    """Rows of id, version, moment and packed body, as the database gathers them."""
    bound = Bound(1, UTC, Hashes(KEY), SEALED)
    bodies = [body for *_, body in rows]
    micros = [(at - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for _, _, at, _ in rows]
    subjects = [f"p{n % 3}" for n in range(len(rows))]
    row = {
        "ids": ",".join(id_ for id_, *_ in rows), "subjects": ",".join(subjects),
        "others": ",".join(others) if others else None,
        "ver": sent([ver for _, ver, *_ in rows], 4), "updated": sent(micros, 8),
        "dic": sent([one.dic if one else 0 for one in bodies], 4),
        "kid": sent([one.kid if one else 0 for one in bodies], 4),
        "length": sent([len(one.body) if one else -1 for one in bodies], 4),
        "data": b"".join(one.body for one in bodies if one),
    }  # fmt: skip
    return Columns.of("Observation", row, bound)  # type: ignore[arg-type]


def sent(numbers: list[int], size: int) -> bytes:
    return b"".join(one.to_bytes(size, "big", signed=True) for one in numbers)


def made(count: int, seed: int, *kinds: Bodies | None) -> tuple[list[tuple], list[bytes]]:
    """Rows of bodies of these kinds in turn, None for a deletion; and their lines."""
    chance = Random(seed)
    rows, lines = [], []
    for n in range(count):
        id_, ver, at = f"o-{n}.x", chance.randrange(1, 99), BEGUN + timedelta(microseconds=chance.randrange(10**13))
        bodies, tail = kinds[n % len(kinds)], b',"status":"%s"}' % (b"final\xc3\xa9" * chance.randrange(40))
        rows.append((id_, ver, at, bodies.pack("Observation", id_, tail) if bodies else None))
        if bodies:
            lines.append(whole("Observation", id_, ver, at, tail))
    return rows, lines


def test_columns_give_the_lines_that_rows_give():
    for kinds in ((PLAIN,), (SEALED,), (BARE,), (PLAIN, SEALED, BARE, None), (PLAIN, None)):
        rows, lines = made(200, 3, *kinds)
        opened = gathered(rows).open()
        assert (opened.lines, opened.count, list(opened.broken)) == (lines, len(lines), [])
        assert list(opened.gone) == [id_ for id_, *_, body in rows if body is None]


def test_a_body_that_cannot_be_read_is_named_and_the_others_go_out():
    rows, lines = made(20, 4, PLAIN)
    body = rows[7][3]
    rows[7] = (*rows[7][:3], type(body)(b"\x00" + body.body[1:], body.digest, body.dic, body.kid))
    opened = gathered(rows).open()
    assert (opened.lines, list(opened.broken)) == (lines[:7] + lines[8:], [rows[7][0]])


def test_some_of_them_are_the_same_as_without_the_others():
    for kinds in ((PLAIN,), (PLAIN, SEALED, None)):
        rows, _ = made(30, 5, *kinds)
        kept = [Random(n).random() < 0.5 for n in range(30)]
        some = gathered(rows).only(kept)
        assert some.open() == gathered([row for row, one in zip(rows, kept, strict=True) if one]).open()
        assert not gathered(rows).only([False] * 30).count


def test_whose_they_are_is_told_in_order():
    columns = gathered(made(3, 6, PLAIN)[0], ["", "p0 p9", ""])
    assert columns.patients() == [("p0",), ("p1", "p0", "p9"), ("p2",)]
    assert columns.people() == {"p0", "p1", "p2", "p9"}
    assert columns.touching(frozenset({"p0", "p1", "p2"})) is columns
    assert columns.touching(frozenset({"p0"})).patients() == [("p0",), ("p1", "p0", "p9")]


def test_what_is_opened_at_once_weighs_little_whatever_came():
    """In stretches, in their order; what is too long to stand among them is left out."""
    rows, lines = made(400, 7, BARE)
    heavy = [(*row[:3], BARE.pack("Observation", row[0], b',"status":"%s"}' % (b"x" * 6_000))) for row in rows]
    columns = gathered(heavy)
    assert len(columns.data) > 4 * WEIGHT
    some = list(columns.stretches(WEIGHT))
    assert [max(len(one.data) for one in some) <= WEIGHT, sum(one.count for one in some)] == [True, 400]
    assert b"".join(one.open().text for one in some) == gathered(heavy).open().text
    assert [one.count for one in gathered(heavy[:3]).stretches(1)] == [1, 1, 1]

    light = gathered(rows)
    assert light.near() is light
    apart = [n % 7 == 3 for n in range(400)]
    light.length = [APART if far else one for far, one in zip(apart, light.length, strict=True)]
    light.data = b"".join(row[3].body for row, far in zip(rows, apart, strict=True) if not far)
    assert light.near().open().lines == [line for line, far in zip(lines, apart, strict=True) if not far]
