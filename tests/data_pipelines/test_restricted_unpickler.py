import os
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipelines.restricted_unpickler import RestrictedUnpickler, read_plain_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=9,
)


def saved(tmp_path, content):
    path = tmp_path / "refs(unc).p"
    path.write_bytes(content)
    return path


@settings(max_examples=25, deadline=None)
@given(value=VALUES, protocol=st.sampled_from(PROTOCOLS))
def test_plain_values_come_back(tmp_path_factory, value, protocol):
    path = saved(tmp_path_factory.mktemp("plain"), pickle.dumps(value, protocol))
    assert read_plain_pickle(path) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sets_tuples_and_bytes(protocol, tmp_path):
    value = {"a": ({1, 2}, frozenset({3})), b"b": [b"caf\xc3\xa9", b"", b"\xe9t\xe9"]}
    expected = {"a": ({1, 2}, frozenset({3})), "b": ["café", "", "été"]}
    assert read_plain_pickle(saved(tmp_path, pickle.dumps(value, protocol))) == expected


def test_bytearrays_of_protocol_5(tmp_path):
    assert read_plain_pickle(saved(tmp_path, pickle.dumps([bytearray(b"x")], protocol=5))) == ["x"]


@pytest.mark.parametrize(
    "content",
    [
        # What Python 2.7 writes for [{'sent': 'caf\xc3\xa9', u'raw': u'CAF\xc9', 'ref_id': 7L, 'tags': set(['a'])}]
        b"(lp0\n(dp1\nS'sent'\np2\nS'caf\\xc3\\xa9'\np3\nsVraw\np4\nVCAF\\u00c9\np5\nsS'ref_id'\np6\nL7L\nsS'tags'\np7\n"
        b"c__builtin__\nset\np8\n((lp9\nS'a'\np10\natp11\nRp12\nsa.",
        b"\x80\x02]q\x00}q\x01(U\x04sentq\x02U\x05caf\xc3\xa9q\x03X\x03\x00\x00\x00rawq\x04X\x05\x00\x00\x00CAF\xc3\x89"
        b"q\x05U\x06ref_idq\x06\x8a\x01\x07U\x04tagsq\x07c__builtin__\nset\nq\x08]q\tU\x01aq\na\x85q\x0bRq\x0cua.",
    ],
    ids=["protocol 0", "protocol 2"],
)
def test_pickles_of_python_2(content, tmp_path):
    expected = [{"sent": "café", "raw": "CAFÉ", "ref_id": 7, "tags": {"a"}}]
    assert read_plain_pickle(saved(tmp_path, content)) == expected


class Payload:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_payload_is_refused_and_not_executed(protocol, tmp_path):
    marker = tmp_path / "executed"
    content = pickle.dumps([{"ref_id": Payload(os.system, f"touch {marker}")}], protocol)
    path = saved(tmp_path, content)
    with pytest.raises(
        ValueError, match=r"refs\(unc\).p \(UnpicklingError: it asks for posix.system, .* fetch the file"
    ):
        read_plain_pickle(path)
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists()  # the payload is a real one


@pytest.mark.parametrize(
    "value",
    [Payload(eval, "1"), Payload(getattr, 1, "real"), Payload(bytes, 10**12), Payload(bytearray, 9), Payload, 1j],
    ids=["eval", "getattr", "gigabytes", "bytearray", "class", "complex"],
)
def test_everything_but_plain_values_is_refused(value, tmp_path):
    with pytest.raises(ValueError, match="must be whole and hold only lists, dicts, sets, texts and numbers"):
        read_plain_pickle(saved(tmp_path, pickle.dumps([value], protocol=2)))


def test_other_codecs_are_refused(tmp_path):
    content = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."
    with pytest.raises(ValueError, match="asks for the encoding 'rot13'"):
        read_plain_pickle(saved(tmp_path, content))


def test_persistent_ids_are_refused(tmp_path):
    with pytest.raises(ValueError, match="something outside the file"):
        read_plain_pickle(saved(tmp_path, b"Pname\n."))


@pytest.mark.parametrize("content", [b"", b"refs", b"\x89PNG", pickle.dumps([{"a": 1}])[:-3]])
def test_damaged_files(content, tmp_path):
    with pytest.raises(ValueError, match=r"must be whole .* Received: .*refs\(unc\).p"):
        read_plain_pickle(saved(tmp_path, content))


def test_shared_and_endless_parts(tmp_path):
    part = ["a"]
    for _ in range(200):
        part = [part, part]  # written small; as a tree it would have 2**200 leaves
    shared = read_plain_pickle(saved(tmp_path, pickle.dumps(part)))
    assert shared[0] is shared[1]
    part = []
    part.append(part)
    with pytest.raises(ValueError, match="a part holds itself"):
        read_plain_pickle(saved(tmp_path, pickle.dumps(part)))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*nowhere.p. Complete"):
        read_plain_pickle(tmp_path / "nowhere.p")


def test_the_class_itself(tmp_path):
    with open(saved(tmp_path, pickle.dumps(os.system)), "rb") as file:
        with pytest.raises(pickle.UnpicklingError, match="asks for posix.system"):
            RestrictedUnpickler(file).load()
