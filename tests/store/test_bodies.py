"""Bodies at rest: what goes in comes out, byte by byte, and only in its own place."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from careweft.fhir.json import decode, encode
from careweft.fhir.outcomes import Unavailable
from careweft.store.bodies import Bodies, built_in, tail, whole

AT = datetime(2024, 5, 17, 9, 30, 0, 123456, tzinfo=UTC)
HEAD = b'{"resourceType":"Basic","id":"b","meta":{"versionId":"3","lastUpdated":"2024-05-17T09:30:00.123456+00:00"'
KEY, OTHER = b"k" * 32, b"o" * 32
RESOURCE = {"resourceType": "Observation", "id": "o1", "status": "final", "valueQuantity": {"value": Decimal("72.50")}}


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        (
            {"resourceType": "Basic", "id": "b"},
            b'{"resourceType":"Basic","id":"b","meta":{"versionId":"3","lastUpdated":"2024-05-17T09:30:00.123456+00:00"}}',
        ),
        (
            {"resourceType": "Basic", "id": "b", "meta": {"versionId": "9", "lastUpdated": "1999", "source": "urn:s"}},
            HEAD + b',"source":"urn:s"}}',
        ),
        (
            {"meta": {"tag": []}, "language": "de", "resourceType": "Basic", "id": "b"},
            HEAD + b',"tag":[]},"language":"de"}',
        ),
    ],
)
def test_version_and_time_are_put_in_front(resource, text):
    """A version and a time that came with the resource are dropped; the rest stands as it came."""
    assert whole("Basic", "b", 3, AT, tail(resource)) == text


IDS = st.sampled_from(["b", 'a"', 'a","meta":{', "\\", "\\\\", "é\n"])
DECIDED = {"versionId": st.sampled_from(["1", "12", 1, 12, None]), "lastUpdated": st.sampled_from(["1999", "a}", {}])}
MORE = {"source": st.just("urn:s"), "tag": st.lists(st.just({"versionId": "1"}), max_size=1)}
OUTER = {"meta": st.just(None), "language": st.text(max_size=2), "status": st.sampled_from(["}", ',"meta":{}', None])}


@given(
    data=st.data(),
    id_=IDS,
    meta=st.fixed_dictionaries({}, optional=DECIDED | MORE),
    rest=st.fixed_dictionaries({}, optional=OUTER),
)
def test_the_tail_of_what_is_written_is_the_tail(data, id_, meta, rest):
    """Whatever the order of the members, and whatever stands in them."""
    if "meta" in rest:
        rest["meta"] = dict(data.draw(st.permutations(list(meta.items()))))
    members = {"resourceType": "Basic", "id": id_, **rest}
    if data.draw(st.booleans()):
        members = dict(data.draw(st.permutations(list(members.items()))))
    assert tail(members, encode(members)) == tail(members)


def test_the_usual_order_is_cut_and_not_written_anew():
    """As servers write resources, and as we do."""
    for meta in ({"source": "urn:s"}, {}, {"versionId": "1", "lastUpdated": "1999"}, {"versionId": "1", "source": "s"}):
        written = encode({"resourceType": "Basic", "id": "b", "meta": meta, "code": {"text": "X"}})
        changed = {"resourceType": "Basic", "id": "b", "meta": meta, "code": {"text": "not looked at"}}
        assert tail(changed, written).endswith(b'"code":{"text":"X"}}')
    without = {"resourceType": "Basic", "id": "b", "code": {"text": "not looked at"}}
    assert tail(without, b'{"resourceType":"Basic","id":"b","code":{}}') == b'},"code":{}}'


def test_decimals_keep_their_digits():
    served = whole("Observation", "o1", 1, AT, tail(RESOURCE))
    assert b'"value":72.50' in served
    assert decode(served)["valueQuantity"]["value"].as_tuple() == Decimal("72.50").as_tuple()


@pytest.mark.parametrize("dictionaries", [{}, built_in()])
@pytest.mark.parametrize("keys", [{}, {1: KEY}, {1: KEY, 2: OTHER}])
@given(content=st.binary(max_size=2000))
def test_what_goes_in_comes_out(dictionaries, keys, content):
    bodies = Bodies(7, b"s" * 32, dictionaries, keys)
    packed = bodies.pack("Observation", "o1", content)
    assert bodies.unpack("Observation", "o1", packed.body, packed.dic, packed.kid) == content
    assert packed.kid == max(keys, default=0)


def test_the_built_in_dictionary_makes_bodies_small():
    packed = Bodies(7, b"s" * 32, built_in()).pack("Observation", "o1", tail(RESOURCE))
    plain = Bodies(7, b"s" * 32, {}).pack("Observation", "o1", tail(RESOURCE))
    assert built_in()
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("place", [(8, "Observation", "o1"), (7, "Condition", "o1"), (7, "Observation", "o2")])
def test_a_sealed_body_opens_only_in_its_place(place):
    """Another tenant, type or id: the same bytes say nothing."""
    packed = Bodies(7, b"s" * 32, {}, {1: KEY}).pack("Observation", "o1", tail(RESOURCE))
    tenant, type_, id_ = place
    with pytest.raises(InvalidTag):
        Bodies(tenant, b"s" * 32, {}, {1: KEY}).unpack(type_, id_, packed.body, packed.dic, packed.kid)


def test_a_key_that_is_gone_leaves_nothing_to_read():
    packed = Bodies(7, b"s" * 32, {}, {1: KEY}).pack("Observation", "o1", tail(RESOURCE))
    bare = Bodies(7, b"s" * 32, {}, {})
    with pytest.raises(Unavailable):
        bare.unpack("Observation", "o1", packed.body, packed.dic, packed.kid)
    assert bare.outdated
    assert b"final" not in packed.body


def test_digests_tell_content_apart_and_tenants_too():
    """The same content has the same digest whatever seals it; another tenant's secret gives another."""
    one, sealed = Bodies(7, b"s" * 32, built_in()), Bodies(7, b"s" * 32, {}, {1: KEY})
    assert one.digest(b"x") == sealed.pack("Basic", "b", b"x").digest
    assert one.digest(b"x") != one.digest(b"y")
    assert one.digest(b"x") != Bodies(7, b"t" * 32, {}).digest(b"x")


def test_nothing_clinical_is_in_a_repr():
    packed = Bodies(7, b"s" * 32, {}).pack("Observation", "o1", tail(RESOURCE))
    assert "final" not in repr(packed)
