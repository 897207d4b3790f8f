import json

import pytest

from kmm.data.files.json_lines import JsonLines


def read(path):
    rows = JsonLines(path)
    content = path.read_bytes()
    for line, start, found in rows.list():
        assert content[start : start + len(found)] == found
        yield line, rows.parse(found)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines(end, mark, tmp_path):
    objects = [{"a": 1}, {"b": "\u00e9\u2028"}, {"c": None}]
    texts = [json.dumps(item, ensure_ascii=False) for item in objects]
    (tmp_path / "a.jsonl").write_bytes(mark + end.join([texts[0], "", "  ", texts[1], texts[2]]).encode())
    assert list(read(tmp_path / "a.jsonl")) == list(zip((1, 4, 5), objects, strict=True))


def test_an_empty_file(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert list(read(tmp_path / "a.jsonl")) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "\xff"}',
        b'{"a": 1',
        b"not json",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_in_utf_8(content, tmp_path):
    with pytest.raises(ValueError, match="A line must be a JSON object in UTF-8. Received: b'.*Write it like {"):
        JsonLines(tmp_path / "a.jsonl").parse(content)
