"""What becomes of every kind of bad input: one case a line, listed in `data_pipelines/README.md`."""

import io
import json
import pathlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kmm.data import RecordSource, check_source, from_class_masks, from_jsonl, skip_bad
from kmm.preprocessing import PromptTokenizer
from tests.data.conftest import record_of, write_records

SHAPE = (8, 12)
RGB = np.tile(np.arange(96, dtype=np.uint8).reshape(*SHAPE, 1), (1, 1, 3))
MASK = np.zeros(SHAPE, np.uint8)
MASK[2:6, 3:9] = 1
READS, WARNED, REFUSED = "reads", "warned", "refused"


def saved(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def rotated():
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(Image.fromarray(RGB.transpose(1, 0, 2)[::-1].copy()), "JPEG", exif=exif)


def huge_png():
    """20,000 x 20,000 pixels in few bytes: only the header is true."""
    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk


def palette(values):
    picture = Image.frombytes("P", values.shape[::-1], values.tobytes())
    picture.putpalette([200, 10, 10, 10, 200, 10, 10, 10, 200] * 85 + [0, 0, 0])
    return saved(picture, "PNG")


IMAGE, GREY = Image.fromarray(RGB), Image.fromarray(RGB[..., 0])
PNG = saved(Image.fromarray(MASK), "PNG")
JPEG = saved(IMAGE, "JPEG", quality=95)
PICTURES = {
    "truncated JPEG": (JPEG[: len(JPEG) // 2], REFUSED),
    "empty file": (b"", REFUSED),
    "not an image (HTML)": (b"<html>404</html>", REFUSED),
    "20,000 x 20,000 pixels, by its header": (huge_png(), REFUSED),
    "CMYK JPEG": (saved(IMAGE.convert("CMYK"), "JPEG"), READS),
    "16-bit PNG": (saved(Image.fromarray(RGB[..., 0].astype(np.uint16) * 257), "PNG"), READS),
    "grey JPEG": (saved(IMAGE.convert("L"), "JPEG"), READS),
    "RGBA PNG": (saved(IMAGE.convert("RGBA"), "PNG"), READS),
    "palette PNG": (saved(GREY.convert("P"), "PNG"), READS),
    "animated GIF (its first frame)": (
        saved(GREY, "GIF", save_all=True, append_images=[GREY.rotate(180)]), READS,
    ),
    "WebP": (saved(IMAGE, "WEBP", lossless=True), READS),
    "TIFF": (saved(IMAGE, "TIFF"), READS),
    "EXIF-rotated JPEG": (rotated(), READS),
}  # fmt: skip
MASKS = {
    "palette PNG": (palette(MASK), READS),
    "16-bit PNG": (saved(Image.fromarray(MASK.astype(np.uint16)), "PNG"), READS),
    "RGB with equal channels": (saved(Image.fromarray(np.repeat(MASK[..., None], 3, -1)), "PNG"), READS),
    "RGB colours": (saved(Image.fromarray(np.stack([MASK * 200, MASK, MASK], -1)), "PNG"), REFUSED),
    "wrong size": (saved(Image.fromarray(MASK[:-1]), "PNG"), REFUSED),
    "truncated PNG": (PNG[: len(PNG) // 2], REFUSED),
    "missing file": (None, REFUSED),
}
TEXTS = {
    "control characters": ("the\x00 red\x07 cup", READS),
    "100 KB long": ("the red cup " * 9000, REFUSED),
    "empty": ("", REFUSED),
    "right-to-left": ("הכוס האדומה", READS),
    "emoji": ("the red 🫖", READS),
    "number instead of text": (7, REFUSED),
}
LINES = {
    "bad UTF-8": (b'{"image": "0.png", "prompt": "\xff\xfe cup", "segmentation_mask": "0_mask.png"}', REFUSED),
    "not JSON": (b"{'image': 0}", REFUSED),
    "missing field": (b'{"prompt": "a cup"}', REFUSED),
    "missing picture": (b'{"image": "9.png", "prompt": "a cup", "segmentation_mask": "0_mask.png"}', REFUSED),
    "duplicate id": (
        b'{"id": "one", "image": "0.png", "prompt": "a cup", "segmentation_mask": "0_mask.png"}\n'
        b'{"id": "one", "image": "1.png", "prompt": "a cup", "segmentation_mask": "0_mask.png"}', REFUSED,
    ),
}  # fmt: skip


def write_table(folder, picture=JPEG, mask=PNG, prompt="a red cup", lines=None):
    """Three sound examples and, as number 3 of `train.jsonl`, the one in question."""
    for number in range(3):
        (folder / f"{number}.png").write_bytes(saved(Image.fromarray(255 - number - RGB), "PNG"))
        (folder / f"{number}_mask.png").write_bytes(PNG)
    rows = [{"image": f"{i}.png", "prompt": f"cup {i}", "segmentation_mask": f"{i}_mask.png"} for i in range(3)]
    table = "\n".join(map(json.dumps, rows[:2])).encode() + b"\n"
    if lines is None:
        (folder / "odd_picture").write_bytes(picture)
        if mask is not None:
            (folder / "odd_mask.png").write_bytes(mask)
        row = {"image": "odd_picture", "prompt": prompt, "segmentation_mask": "odd_mask.png"}
        lines = json.dumps(row).encode()
    (folder / "train.jsonl").write_bytes(table + lines + b"\n")
    (folder / "val.jsonl").write_text(json.dumps(rows[2]) + "\n")
    return folder


def outcome(folder):
    """What `kmm.data.check_source` says of the table, with the message that names file and line."""
    try:
        source = from_jsonl(folder)
    except (ValueError, OSError) as error:
        return REFUSED, str(error), None
    report = check_source(source)
    if report.problems:
        return REFUSED, " ".join(f"{problem['where']} {problem['message']}" for problem in report.problems), source
    return (WARNED if report.warnings else READS), " ".join(w["message"] for w in report.warnings), source


def cases(kind, table, argument):
    return [
        pytest.param({argument: value}, expected, id=f"{kind}: {name}") for name, (value, expected) in table.items()
    ]


@pytest.mark.parametrize(
    "parts, expected",
    [
        *cases("picture", PICTURES, "picture"),
        *cases("mask", MASKS, "mask"),
        *cases("text", TEXTS, "prompt"),
        *cases("line", LINES, "lines"),
    ],
)
def test_what_users_bring(tmp_path, parts, expected):
    found, message, source = outcome(write_table(tmp_path, **parts))
    if "prompt" in parts and expected == READS:
        assert found in (READS, WARNED), message  # an odd text may be pointed out; it is used all the same
    else:
        assert found == expected, message
    if expected == REFUSED:
        assert "train.jsonl:3" in message or "train.jsonl:4" in message
    if source is not None and expected == REFUSED:  # the user may choose to go on without it: counted and listed
        with pytest.raises(ValueError, match="may be bad"):
            skip_bad(source, max_bad=0.1)
        kept = skip_bad(source, max_bad=0.5)
        assert kept.num_examples("train") == 2 and len(kept.skipped) == 1
        assert "train.jsonl:3" in kept.skipped[0][0] + kept.skipped[0][1]
    if expected == READS and "lines" not in parts:
        example = source.example("train", 2)
        assert example.image.shape == (*SHAPE, 3)
        np.testing.assert_array_equal(example.segmentation_masks[0], MASK)
        if "picture" in parts:
            assert np.abs(example.image.astype(int).mean(-1) - RGB.mean(-1)).mean() < 12  # and is upright
        tokens = PromptTokenizer(["red", "cup"], sequence_length=6)(list(example.prompts))
        assert tokens["token_ids"].shape == (1, 6)


CLASS_MASKS = {
    "all void": (np.full(SHAPE, 255, np.uint8), WARNED),
    "unknown id": (MASK * 7, REFUSED),
}


@pytest.mark.parametrize("ids, expected", CLASS_MASKS.values(), ids=[f"class mask: {name}" for name in CLASS_MASKS])
def test_class_masks(tmp_path, ids, expected):
    pictures = [(255 - RGB, MASK), (RGB, ids), (RGB // 2, MASK)]
    for number, (picture, mask) in enumerate(pictures):
        (tmp_path / f"{number}.png").write_bytes(saved(Image.fromarray(picture), "PNG"))
        (tmp_path / f"{number}_ids.png").write_bytes(saved(Image.fromarray(mask), "PNG"))
    pairs = [(tmp_path / f"{number}.png", tmp_path / f"{number}_ids.png") for number in range(3)]
    report = check_source(from_class_masks({"train": pairs[:2], "val": pairs[2:]}, classes=["sky", "cup"]))
    found = REFUSED if report.problems else WARNED if report.warnings else READS
    assert found == expected, str(report)
    assert "1.png" in str(report) or "1_ids.png" in str(report)


def cut(shard, offsets):
    shard.write_bytes(shard.read_bytes()[:-9])


def cut_in_header(shard, offsets):
    shard.write_bytes(shard.read_bytes()[: offsets[1] + 5])


def empty(shard, offsets):
    shard.write_bytes(b"")


def bad_payload(shard, offsets):
    content = bytearray(shard.read_bytes())
    content[offsets[1] + 30] ^= 4
    shard.write_bytes(bytes(content))


def error_page(shard, offsets):
    shard.write_bytes(b"<html>503</html>".ljust(shard.stat().st_size))


RECORDS = {
    "cut in a record": cut,
    "cut inside a header": cut_in_header,
    "zero-byte shard": empty,
    "one flipped bit (wrong checksum)": bad_payload,
    "an error page of the same size": error_page,
}


@pytest.mark.parametrize("damage", RECORDS.values(), ids=[f"records: {name}" for name in RECORDS])
def test_records(tmp_path, damage):
    folder = write_records(tmp_path / "records", {"train": [record_of(i) for i in range(4)]})
    shard = folder / "tiny-train-00001.tfrecord"
    damage(shard, np.load(shard.with_suffix(".offsets.npy")))
    with pytest.raises(ValueError, match="tiny-train-00001.tfrecord"):
        RecordSource(folder).check()


def test_the_readme_lists_every_case():
    text = pathlib.Path(__file__).parents[2].joinpath("data_pipelines/README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in text[text.index("## Fault matrix") :].splitlines() if line.startswith("|")]
    listed = {(kind.strip(), name.strip()): result.strip().split(",")[0] for kind, name, result in rows[2:]}
    tables = {"picture": PICTURES, "mask": MASKS, "text": TEXTS, "line": LINES, "class mask": CLASS_MASKS}
    expected = {(kind, name): result for kind, table in tables.items() for name, (_, result) in table.items()}
    assert listed == {**expected, **{("records", name): REFUSED for name in RECORDS}}
