"""Requests whose right answers are known, for the scripts beside this file."""

import io
import json
import pathlib

import numpy as np
from PIL import Image

import kmm
from kmm.export import SavedModelSession

SIZES = ((480, 640), (360, 480), (300, 200), (96, 96), (128, 257), (600, 400))
"""Height and width of pictures that are drawn where no photographs are given."""

PHRASES = (
    "the road", "the sky", "the trees on the left", "all cars", "the largest building", "the pavement on the right",
    "the fence", "all pedestrians", "the red circle", "the largest square", "the blue star", "all triangles",
)  # fmt: skip
"""What is asked about photographs, as far as a vocabulary has the words."""


def newest_version(path):
    """The folder of the newest version below an export's folder; the folder itself where it is a version."""
    path = pathlib.Path(path)
    if (path / "saved_model.pb").exists():
        return path
    versions = [own for own in path.iterdir() if own.name.isdigit() and (own / "saved_model.pb").exists()]
    if not versions:
        raise SystemExit(f"no version of an export in {path}")
    return max(versions, key=lambda own: int(own.name))


def read_photographs(folders, count=12):
    """Contents of JPEG and PNG files, evenly from the folders in turns; without folders, drawn pictures of many sizes.

    Every third photograph is made smaller and written anew as PNG, so that sizes and formats differ.
    """
    if not folders:
        drawn = []
        for index in range(count):
            scene = kmm.data.ShapesSource(SIZES[index % len(SIZES)]).example("test", index)
            drawn.append(_encode(Image.fromarray(np.asarray(scene.image)), "PNG" if index % 3 == 2 else "JPEG"))
        return drawn
    lists = []
    for folder in folders:
        files = sorted(own for own in pathlib.Path(folder).rglob("*") if own.suffix.lower() in (".jpg", ".jpeg"))
        if not files:
            raise SystemExit(f"no JPEG files in {folder}")
        lists.append(files[:: max(1, len(files) // count)])
    contents = []
    for index in range(count):
        files = lists[index % len(lists)]
        content = files[index // len(lists) % len(files)].read_bytes()
        if index % 3 == 2:
            with Image.open(io.BytesIO(content)) as picture:
                size = (picture.width * (3 + index % 5) // 10, picture.height * (3 + index % 4) // 10)
                content = _encode(picture.convert("RGB").resize(size), "PNG")
        contents.append(content)
    return contents


def default_prompts(version, folders, count=8):
    """Prompts that the export can read: those of the drawn scenes, or phrases of words that it knows."""
    path = newest_version(version) / "assets.extra" / "tokenizer.json"
    words = json.loads(path.read_text())["config"].get("vocabulary", ()) if path.exists() else ()
    if not folders and "circle" in words:
        return [kmm.data.ShapesSource(SIZES[i % len(SIZES)]).example("test", i).prompts[0] for i in range(count)]
    known = [phrase for phrase in PHRASES if set(phrase.split()) <= set(words)] or list(PHRASES)
    return [known[index % len(known)] for index in range(count)]


def model_card(version):
    """What the export says of itself."""
    return json.loads((newest_version(version) / "assets.extra" / "model_card.json").read_text())


def _encode(picture, file_format):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **({"quality": 90} if file_format == "JPEG" else {}))
    return buffer.getvalue()


def read_mask(content):
    """The pixels of a grey PNG file."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)


class KnownAnswers:
    """Questions about photographs, and what the bare C++ session answers, one question at a time.

    `rows` is a list of dicts `image_bytes`, `prompt`, `score`, `present`, `png`.
    """

    def __init__(self, version, photographs, prompts):
        self.rows, self.checked, self.identical = [], 0, 0
        with SavedModelSession(version) as session:
            self.with_words = "prompt" in session.signatures["segment"].inputs
            for image in photographs:
                for prompt in prompts if self.with_words else [""]:
                    outputs = session.run(self.inputs([(image, prompt)]), "segment")
                    if outputs["status"][0] != b"OK":
                        raise SystemExit(f"the export refuses a good photograph: {outputs['status'][0]}")
                    answer = (outputs["score"][0], outputs["present"][0], outputs["mask_png_bytes"][0])
                    row = dict(zip(("score", "present", "png"), answer, strict=True))
                    self.rows.append({"image_bytes": image, "prompt": prompt, **row})

    def inputs(self, pairs):
        """The inputs of `segment` for pairs of file content and prompt."""
        inputs = {"image_bytes": [image for image, _ in pairs], "threshold": np.zeros(len(pairs), "float32")}
        return {**inputs, "prompt": [prompt.encode() for _, prompt in pairs]} if self.with_words else inputs

    def inputs_of(self, rows):
        """The inputs of `segment` for some of `rows`."""
        return self.inputs([(row["image_bytes"], row["prompt"]) for row in rows])

    def wrong(self, rows, outputs):
        """Why the outputs are not the right answers about these rows; "" if they are.

        Rounding differs between batches of other sizes, so a pixel in a thousand and a hundredth of the score may.
        """
        if len(outputs["mask_png_bytes"]) != len(rows):
            return f"{len(outputs['mask_png_bytes'])} answers to {len(rows)} questions"
        for index, row in enumerate(rows):
            if "status" in outputs and outputs["status"][index] != b"OK":
                return f"status {outputs['status'][index]!r}"
            if "score" in outputs and abs(float(outputs["score"][index]) - float(row["score"])) > 0.01:
                return f"score {float(outputs['score'][index]):.4f} instead of {float(row['score']):.4f}"
            self.checked += 1
            if outputs["mask_png_bytes"][index] == row["png"]:
                self.identical += 1
                continue
            given, right = read_mask(outputs["mask_png_bytes"][index]), read_mask(row["png"])
            if given.shape != right.shape or np.mean(given != right) > 0.001:
                return f"another mask: {given.shape} instead of {right.shape}" + (
                    f", {100 * np.mean(given != right):.2f} % of the pixels differ"
                    if given.shape == right.shape
                    else ""
                )
        return ""
