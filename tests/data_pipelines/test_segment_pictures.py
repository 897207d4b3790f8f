import io
import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from data_pipelines.record_parts import image_bytes
from data_pipelines.segment_pictures import main, segment_pictures
from kmm.decoders import FCNDecoder
from kmm.encoders import ConvImageEncoder, LSTMTextEncoder
from kmm.export import export_saved_model
from kmm.fusion import CrossAttentionFusion
from kmm.heads import SegmentationHead
from kmm.models.multimodal_model import MultimodalModel
from kmm.preprocessing import PromptTokenizer

PROMPTS = ["the red car", "car"]
SIZES = {"a.png": (9, 14), "b.jpg": (20, 7), "deep/c.webp": (16, 16), "turned.jpg": (12, 5)}
"""Upright height and width of each picture."""


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """A tiny model with words and one without, exported."""
    keras.utils.set_random_seed(0)
    tokenizer = PromptTokenizer(["the", "red", "car"], sequence_length=4)
    model = MultimodalModel(
        image_encoder=ConvImageEncoder(image_size=(16, 16), widths=(4, 8)),
        context_encoders={"text": LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4)},
        fusions={"P2": CrossAttentionFusion(filters=8, num_heads=2)},
        decoder=FCNDecoder(filters=8, levels=("P2",)),
        heads={"segmentation_masks": SegmentationHead(num_classes=1)},
        prompt_tokenizer=tokenizer,
    )
    images = keras.Input((16, 16, 3), name="images")
    wordless = keras.Model({"images": images}, keras.layers.Conv2D(3, 3, padding="same")(images))
    wordless.image_size = (16, 16)
    folder = tmp_path_factory.mktemp("exports")
    models = {"words": model, "no words": wordless}
    return {name: export_saved_model(model, folder / name, verify=False) for name, model in models.items()}


@pytest.fixture
def pictures(tmp_path):
    """A folder of four sound pictures and two damaged ones; gives the pattern of all their paths."""
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for name, (height, width) in SIZES.items():
        pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3), "uint8")
        exif = Image.Exif()
        if name == "turned.jpg":
            exif[0x0112], pixels = 6, np.rot90(pixels)
        Image.fromarray(pixels).save(folder / name, exif=exif)
    (folder / "cut.jpg").write_bytes((folder / "b.jpg").read_bytes()[:300])
    (folder / "page.html").write_bytes(b"<html>")
    return str(folder / "**")


def lines_of(output):
    lines = [json.loads(line) for line in (output / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return {(line["picture"].rpartition("pictures/")[2], line["prompt"]): line for line in lines}


def ask(path, content, prompt):
    inputs = {"image_bytes": tf.constant([content])} | ({} if prompt is None else {"prompt": tf.constant([prompt])})
    loaded = tf.saved_model.load(str(path))
    outputs = loaded.signatures["serving_default"](**inputs)
    return float(outputs["score"][0]), outputs["mask_png_bytes"][0].numpy()


def check(path, output, folder, prompts):
    lines = lines_of(output)
    assert set(lines) == {(name, prompt) for name in (*SIZES, "cut.jpg", "page.html") for prompt in prompts}
    for (name, prompt), line in lines.items():
        if name not in SIZES:
            assert set(line) == {"picture", "prompt", "error"} and "must decode" in line["error"]
            continue
        score, png = ask(path, image_bytes(folder / name), prompt)
        np.testing.assert_allclose(line["score"], score, atol=1e-5)
        found, expected = (np.asarray(Image.open(source)) for source in (output / line["mask"], io.BytesIO(png)))
        assert found.shape == SIZES[name] and np.mean(found == expected) > 0.99
    masks = {path.relative_to(output).as_posix() for path in output.rglob("*.png")}
    assert masks == {line["mask"] for line in lines.values() if "mask" in line}


@pytest.mark.parametrize("kind", ["words", "no words"])
@pytest.mark.slow
def test_every_pair_is_answered(kind, exports, pictures, tmp_path):
    prompts = PROMPTS if kind == "words" else None
    counts = segment_pictures(exports[kind], pictures, tmp_path / "out", prompts, batch_size=3)
    number = len(prompts or [None])
    assert counts == {"masks": 4 * number, "errors": 2 * number}
    check(exports[kind], tmp_path / "out", tmp_path / "pictures", prompts or [None])


@pytest.mark.slow
def test_a_batch_that_the_model_refuses(exports, pictures, tmp_path, monkeypatch):
    """A file that Pillow reads and the model does not costs its own lines alone."""
    monkeypatch.setattr("data_pipelines.segment_pictures.image_bytes", lambda content: content)
    counts = segment_pictures(exports["words"], pictures, tmp_path / "out", PROMPTS)
    lines = lines_of(tmp_path / "out")
    assert counts == {"masks": 6, "errors": 6}
    assert {name for (name, _), line in lines.items() if "error" in line} == {"cut.jpg", "page.html", "deep/c.webp"}
    assert lines["page.html", "car"]["error"].startswith("NOT_AN_IMAGE: a picture must be a JPEG or PNG file")


@pytest.mark.slow
def test_several_processes_give_the_same(exports, pictures, tmp_path, read_folder):
    options = ["--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_processing"]
    segment_pictures(exports["words"], pictures, tmp_path / "one", PROMPTS)
    segment_pictures(exports["words"], pictures, tmp_path / "two", PROMPTS, options)
    check(exports["words"], tmp_path / "two", tmp_path / "pictures", PROMPTS)
    assert set(read_folder(tmp_path / "one")) == set(read_folder(tmp_path / "two"))


@pytest.mark.slow
def test_command(exports, pictures, tmp_path, capsys):
    arguments = ["--saved-model", str(exports["words"]), "--pictures", pictures, "--output", str(tmp_path / "out")]
    assert main([*arguments, "--prompts", "car", "--batch-size", "2"]) == 0
    assert f"written: {tmp_path / 'out'}: 4 masks, 2 errors" in capsys.readouterr().out
    before = (tmp_path / "out" / "manifest.jsonl").stat().st_mtime_ns
    assert main([*arguments, "--prompts", "car"]) == 2
    assert "error: The manifest must be new. Received: " in capsys.readouterr().err
    options = ["--overwrite", "--runner", "FnApiRunner", "--direct_num_workers", "2"]
    assert main([*arguments, "--prompts", "car", *options]) == 0
    assert (tmp_path / "out" / "manifest.jsonl").stat().st_mtime_ns > before


def test_errors(exports, pictures, tmp_path, monkeypatch):
    output = tmp_path / "out"
    with pytest.raises(ValueError, match="Received: prompts=None for a model that needs prompts"):
        segment_pictures(exports["words"], pictures, output)
    with pytest.raises(ValueError, match="for a model that takes no prompts"):
        segment_pictures(exports["no words"], pictures, output, PROMPTS)
    with pytest.raises(OSError, match="nowhere"):
        segment_pictures(tmp_path / "nowhere", pictures, output, PROMPTS)
    module = tf.Module()
    module.call = tf.function(lambda x: {"y": x}, input_signature=[tf.TensorSpec((None,), name="x")])
    tf.saved_model.save(module, str(tmp_path / "other"), signatures=module.call.get_concrete_function())
    with pytest.raises(ValueError, match=r"must be an export of kmm's. Received: .*other with the inputs \['x'\]"):
        segment_pictures(tmp_path / "other", pictures, output, PROMPTS)
    tf.saved_model.save(tf.Module(), str(tmp_path / "empty"))
    with pytest.raises(ValueError, match=r"must be an export of kmm's. Received: .*empty with the inputs \[\]"):
        segment_pictures(tmp_path / "empty", pictures, output, PROMPTS)
    with pytest.raises(FileNotFoundError, match="A picture must fit the pattern. Received: .*tiff"):
        segment_pictures(exports["words"], str(tmp_path / "*.tiff"), output, PROMPTS)
    assert not (output / "manifest.jsonl").exists()
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[beam\]"'):
        segment_pictures(exports["words"], pictures, output, PROMPTS)
