import pytest

from kmm.data.files.csv_rows import CsvRows


def read(path, text, **options):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    rows = CsvRows(path, **options)
    content = path.read_bytes()
    for line, start, found in rows.list():
        assert content[start : start + len(found)] == found
        yield line, rows.parse(found)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows(end, mark, tmp_path):
    lines = [
        "image, prompt ,mask,more",
        '1.png,"a dog, ""asleep""",m.png,x',
        "",
        f'2.png,"two{end}lines",,',
        "3.png,caf\u00e9,m,",
    ]
    rows = list(read(tmp_path / "a.csv", mark + end.join(lines)))
    assert rows == [
        (2, {"image": "1.png", "prompt": 'a dog, "asleep"', "mask": "m.png", "more": "x"}),
        (4, {"image": "2.png", "prompt": f"two{end}lines", "mask": ""}),
        (6, {"image": "3.png", "prompt": "caf\u00e9", "mask": "m"}),
    ]


def test_json_in_cells(tmp_path):
    text = 'image;prompts;polygons;rle;size;class_id\n1.png;"[""a"", ""b""]";[[0, 0, 1, 1, 1, 0]];;[4, 6];7\n'
    ((_, row),) = read(tmp_path / "a.csv", text, delimiter=";")
    assert row == {
        "image": "1.png", "prompts": ["a", "b"], "polygons": [[0, 0, 1, 1, 1, 0]], "rle": None, "size": [4, 6],
        "class_id": 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    "header, problem",
    [
        ("", "without image, prompt or prompts, segmentation_mask or mask or polygons or rle"),
        ("image,prompt", "without segmentation_mask or mask"),
        ("image;prompt;mask", "without image, prompt or prompts, .*with ',' between names"),
        ("image,prompt,mask,mask", "with a column twice"),
        ("1.png,a dog,1.png", "without image"),
    ],
)
def test_bad_headers(header, problem, tmp_path):
    with pytest.raises(ValueError, match=f"a.csv:1: A table must begin with the names of its columns.*{problem}"):
        list(read(tmp_path / "a.csv", f"{header}\n1,2,3\n"))


def test_bad_rows(tmp_path):
    header = "image,prompt,mask\n"
    for row in ("1.png,a dog", "1.png,a dog, asleep,m.png"):
        with pytest.raises(ValueError, match="as many cells as the header, 3. Received: [24] cells"):
            list(read(tmp_path / "a.csv", f"{header}{row}\n"))
    with pytest.raises(
        ValueError, match="a.csv:3: A row must be values with ',' between them.*Check its double quotes"
    ):
        list(read(tmp_path / "a.csv", f'{header}1.png,a,m\n2.png,"a,m\n3.png,a,m\n'))
    with pytest.raises(ValueError, match=r"A table must be in UTF-8. Received: b'2.png,\\xff,m.*start byte at byte 6"):
        list(read(tmp_path / "a.csv", header.encode() + b"1.png,a,m\n2.png,\xff,m\n"))
    for cell in ("[[", '"[""a"","', "[" * 100_000):
        with pytest.raises(ValueError, match=r"`polygons` must be JSON text. Received: .\["):
            list(read(tmp_path / "a.csv", f"image,prompt,polygons\n1.png,a,{cell}\n"))
