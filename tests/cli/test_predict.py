import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from kmm.cli.main import main
from kmm.preprocessing import masks_from_logits, prepare_images


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def predict(model, photograph, output, *prompts):
    words = [word for prompt in prompts for word in ("--prompt", prompt)]
    return main(["predict", "--model", model, "--image", str(photograph), "--output", str(output), *words])


def expected_mask(model_file, photograph, prompt, size):
    model = keras.saving.load_model(model_file)
    inputs = {"images": prepare_images(read(photograph), model.image_size)[None]}
    if prompt is not None:
        inputs.update(model.prompt_tokenizer([prompt]))
    return masks_from_logits(model(inputs, training=False), size)[0].numpy()


def test_one_prompt(model_files, photograph, tmp_path, capsys):
    output = tmp_path / "new" / "mask.png"
    assert predict(model_files["referring"], photograph, output, "the red square") == 0
    mask = expected_mask(model_files["referring"], photograph, "the red square", (30, 50))
    np.testing.assert_array_equal(read(output), 255 * mask)
    overlay, image = read(tmp_path / "new" / "mask-overlay.png"), read(photograph)
    np.testing.assert_array_equal((overlay != image).any(-1), mask == 1)
    assert f"{output}: 'the red square' score 0." in capsys.readouterr().out
    assert predict(model_files["referring"], photograph, output, "sky") == 0, "its own files are written anew"


@pytest.mark.slow
def test_several_prompts(model_files, photograph, tmp_path, capsys):
    prompts = ("the red square", "", "unknown words")
    assert predict(model_files["referring"], photograph, tmp_path / "mask.png", *prompts) == 0
    written = sorted(path.name for path in tmp_path.glob("mask*"))
    assert written == ["mask-1.png", "mask-2.png", "mask-3.png", "mask-overlay.png"]
    for number, prompt in enumerate(prompts, start=1):
        mask = expected_mask(model_files["referring"], photograph, prompt, (30, 50))
        np.testing.assert_array_equal(read(tmp_path / f"mask-{number}.png"), 255 * mask)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("orange") and lines[1].endswith("blue") and lines[2].endswith("green")


def test_semantic(model_files, photograph, tmp_path):
    assert predict(model_files["semantic"], photograph, tmp_path / "mask.png", "sky", "car") == 0
    mask = expected_mask(model_files["semantic"], photograph, "car", (30, 50))
    np.testing.assert_array_equal(read(tmp_path / "mask-2.png"), mask)
    assert read(tmp_path / "mask-overlay.png").shape == (30, 100, 3)


@pytest.mark.slow
def test_a_model_of_images_alone(model_files, photograph, tmp_path, fails):
    assert predict(model_files["image_only"], photograph, tmp_path / "mask.png") == 0
    mask = expected_mask(model_files["image_only"], photograph, None, (30, 50))
    np.testing.assert_array_equal(read(tmp_path / "mask.png"), 255 * mask)
    words = ["predict", "--image", photograph, "--output", tmp_path / "mask.png"]
    assert "reads no words" in fails(*words, "--model", model_files["image_only"], "--prompt", "sky")
    assert "at least one --prompt" in fails(*words, "--model", model_files["referring"])


def test_the_threshold_counts(model_files, photograph, tmp_path):
    words = ["predict", "--model", model_files["referring"], "--image", photograph, "--prompt", "sky"]
    areas = []
    for threshold in ("0.01", "0.99"):
        assert main([*words, "--output", str(tmp_path / "mask.png"), "--threshold", threshold]) == 0
        areas.append((read(tmp_path / "mask.png") > 0).mean())
    assert areas[0] > areas[1]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_photographs_of_other_modes(mode, model_files, photograph, tmp_path):
    with Image.open(photograph) as picture:
        picture.convert(mode).save(tmp_path / "other.png")
    assert predict(model_files["referring"], tmp_path / "other.png", tmp_path / "mask.png", "sky") == 0
    assert read(tmp_path / "mask-overlay.png").shape == (30, 50, 3)


def test_exif_rotation_is_honoured(model_files, photograph, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    with Image.open(photograph) as picture:
        picture.save(tmp_path / "turned.jpg", exif=exif)
    assert predict(model_files["referring"], tmp_path / "turned.jpg", tmp_path / "mask.png", "sky") == 0
    assert read(tmp_path / "mask.png").shape == (50, 30)


def test_16_bit_photographs_are_seen_as_8_bit_ones(model_files, tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (30, 50), "uint16")
    Image.fromarray(grey << 8 | 7).save(tmp_path / "16.png")
    Image.fromarray(grey.astype("uint8")).save(tmp_path / "8.png")
    for bits in ("8", "16"):
        assert predict(model_files["referring"], tmp_path / f"{bits}.png", tmp_path / f"mask-{bits}.png", "sky") == 0
    np.testing.assert_array_equal(read(tmp_path / "mask-8-overlay.png"), read(tmp_path / "mask-16-overlay.png"))


@pytest.mark.parametrize("name", ["photograph.png", "model.png", "mask-overlay.png", "mask-2.png", "link.png"])
def test_nothing_that_is_read_is_written_over(name, model_files, photograph, tmp_path, fails):
    (tmp_path / "folder").mkdir()
    content = pathlib.Path(photograph).read_bytes()
    (tmp_path / name).write_bytes(content)
    words = {"model": "nowhere.keras", "image": tmp_path / name, "output": tmp_path / "folder" / ".." / "mask.png"}
    if name == "model.png":
        words.update(model=tmp_path / name, image=photograph)
    if name in ("photograph.png", "model.png"):
        words["output"] = tmp_path / name
    if name == "link.png":
        (tmp_path / "mask.png").symlink_to(tmp_path / name)
    prompts = ["--prompt", "sky", "--prompt", "car"] if name == "mask-2.png" else ["--prompt", "sky"]
    message = fails("predict", *(word for key, value in words.items() for word in (f"--{key}", value)), *prompts)
    assert "must not replace the photograph or the model" in message
    assert (tmp_path / name).read_bytes() == content


def test_errors(model_files, photograph, tmp_path, fails):
    def message(**changed):
        words = {"model": model_files["referring"], "image": photograph, "prompt": "sky", "output": tmp_path / "m.png"}
        return fails("predict", *(word for key, value in {**words, **changed}.items() for word in (f"--{key}", value)))

    assert "nowhere.png" in message(image=tmp_path / "nowhere.png")
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff damaged")
    assert "must decode as JPEG, PNG, WebP, BMP, TIFF or GIF. Received: " in message(image=tmp_path / "damaged.jpg")
    with Image.open(photograph) as picture:
        picture.save(tmp_path / "other.pcx")
    assert "other.pcx" in message(image=tmp_path / "other.pcx")
    assert "must exist. Received: nowhere.keras" in message(model="nowhere.keras")
    assert "ends in .png" in message(output=tmp_path / "mask.jpg")
    assert "between 0 and 1. Received: threshold=1.5" in message(threshold=1.5)
    assert not list(tmp_path.glob("m*.png"))
