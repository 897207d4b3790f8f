import base64
import importlib
import io
import json
import re
import shutil
import subprocess
import types

import numpy as np
import pytest
from PIL import Image

from kmm import models
from kmm.data import ShapesSource
from kmm.preprocessing import PromptTokenizer
from kmm.reporting import make_report
from kmm.reporting.html_elements import paragraph
from kmm.reporting.section import Section

module = importlib.import_module("kmm.reporting.make_report")  # the package offers the function under this name


@pytest.fixture(scope="module")
def shapes():
    return ShapesSource((32, 32), num_train=4, num_val=2, num_test=3)


@pytest.fixture(scope="module")
def model(shapes):
    tokenizer = PromptTokenizer.adapt(shapes.prompts("train", limit=50), sequence_length=12)
    options = {"widths": (4, 8), "blocks": 0, "text_units": 4, "fusion_filters": 8, "decoder_filters": 4}
    return models.referring_segmenter((32, 32), tokenizer, fusion="CrossAttentionFusion", **options)


@pytest.fixture
def sections(monkeypatch):
    """Sets the sections of the report."""
    return lambda **functions: monkeypatch.setattr(
        module, "SECTIONS", {key: (f"The {key}", function) for key, function in functions.items()}
    )


def found(folder):
    return json.loads((folder / "report.json").read_text())


def test_what_fails_is_named_and_the_rest_is_made(shapes, sections, tmp_path, parse):
    seen = []

    def fine(context):
        seen.append(found(tmp_path)["state"] if (tmp_path / "report.json").exists() else None)
        return Section({"number": 1}, [paragraph("Fine.")])

    def bad(context):
        raise FloatingPointError("nan for picture 3 with '<b>'")

    def worse(context):
        raise KeyError("other")

    sections(first=fine, second=bad, third=worse, last=fine)
    with pytest.raises(FloatingPointError, match="nan for picture 3"):
        make_report(None, shapes, "test", tmp_path)
    report = found(tmp_path)
    assert seen == [None, "partial"] and report["state"] == "partial" and list(report["sections"]) == ["first", "last"]
    assert report["failures"] == {"second": "nan for picture 3 with '<b>'", "third": "'other'"}
    text = parse((tmp_path / "report.html").read_text()).text
    assert text.count("Fine.") == 2 and "What failed: The second, The third." in text


def test_the_summary_says_that_only_some_pictures_were_scored(shapes):
    metrics = {"num_pictures": 2, "num_samples": 12, "overall_iou": 0.5}
    page = types.SimpleNamespace(sections={"scores": None})
    for limit, says in (
        (2, "On the first 2 pictures with 12 phrases of the split test of shapes, this"),
        (None, "On 2"),
    ):
        context = types.SimpleNamespace(source=shapes, split="test", limit=limit, metrics=metrics)
        assert module._summary(context, page).startswith(says)


def test_a_report_of_a_stub(shapes, sections, tmp_path):
    sections(first=lambda context: Section({"limit": context.limit}, []), second=lambda context: None)
    path = make_report(None, shapes, "test", tmp_path / "new", limit=2)
    assert path == tmp_path / "new" / "report.html"
    report = found(tmp_path / "new")
    assert report["state"] == "complete" and report["limit"] == 2 and report["sections"] == {"first": {"limit": 2}}


def test_errors(shapes, tmp_path):
    with pytest.raises(ValueError, match=r"one of the data. Received: split='trial'; 'shapes' has \('train', "):
        make_report(None, shapes, "trial", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def report(model, shapes, tmp_path_factory):
    """The folder of a whole report."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "history.csv").write_text("epoch,loss,val_loss,val_overall_iou\n0,2.0,2.5,0.1\n1,1.0,1.5,0.3\n")
    (folder / "settings.json").write_text('{"preset": "tiny", "learning_rate": 0.003}')
    make_report(model, shapes, "test", folder, run_folder=folder, verbose=0)
    return folder


@pytest.mark.slow
def test_a_whole_report(report, parse):
    content = found(report)
    assert content["state"] == "complete" and list(content["sections"]) == list(module.SECTIONS)
    assert content["sections"]["scores"]["num_samples"] == 18
    html = (report / "report.html").read_text()
    page = parse(html)
    pictures = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 2 + 6 * 3  # words, attention, and three pictures each for the best and the worst
    for source in pictures:
        Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).load()
    for text in ("overall IoU", content["sections"]["audit"]["verdicts"]["text"]["sentence"], "learning rate"):
        assert text in page.text
    assert content["sections"]["gallery"]["best"][0]["prompt"] in page.text
    assert not re.search(r"https?://", html)


@pytest.mark.slow
def test_nan_predictions_leave_a_partial_report(shapes, tmp_path, parse):
    model = models.text_guided_segmenter((32, 32), num_classes=1, widths=(4, 4), blocks=0)
    for weight in model.trainable_weights:
        weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(ValueError, match="nan for picture 0 of 'test' with the prompt"):
        make_report(model, shapes, "test", tmp_path, verbose=0)
    report = found(tmp_path)
    assert report["state"] == "partial" and {"scores", "audit", "gallery"} <= set(report["failures"])
    assert {"model", "data", "versions"} <= set(report["sections"])
    assert "nan for picture 0 of 'test'" in parse((tmp_path / "report.html").read_text()).text


@pytest.mark.slow
def test_an_empty_split(shapes, model, tmp_path):
    with pytest.raises(ValueError, match="at least one picture"):
        make_report(model, shapes, "test", tmp_path, limit=0, verbose=0)
    assert found(tmp_path)["failures"]["scores"].startswith("A split must hold at least one picture")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser chromium")
def test_a_browser_draws_every_picture(report, tmp_path):
    """It says so of each, and a page without their contents looks different."""
    html = (report / "report.html").read_text()
    probe = "document.title = [...document.images].map(i => i.complete && i.naturalWidth > 0).join(' ')"
    (tmp_path / "page.html").write_text(html.replace("</body>", f"<script>{probe}</script></body>"))
    number = html.count("<img")
    dumped = _browse(tmp_path / "page.html", tmp_path, "--dump-dom")
    assert re.search(r"<title>(.*?)</title>", dumped)[1].split() == ["true"] * number

    (tmp_path / "without.html").write_text(re.sub(r'src="data:image/[^"]*"', 'src="data:,"', html))
    shots = []
    for name in ("page", "without"):
        size = "--window-size=1200,5000"
        _browse(tmp_path / f"{name}.html", tmp_path, f"--screenshot={tmp_path / name}.png", size, "--hide-scrollbars")
        with Image.open(tmp_path / f"{name}.png") as shot:
            shots.append(np.asarray(shot.convert("L"))[::4, ::4].astype(int))
    assert np.ptp(shots[0]) > 200  # the page is drawn at all
    assert (abs(shots[0] - shots[1]) > 20).mean() > 0.05


def _browse(page, folder, *words):
    """What the browser prints about a page, without any network."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=5000", *words, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
