"""AVSBench: seconds of video with sound and a mask of what is heard."""

import csv
import io
import pathlib
import wave
from typing import NamedTuple

import numpy as np

from data_pipelines.record_parts import referring_record
from data_pipelines.refer_api import existing_file, read_text
from kmm.preprocessing.read_mask import read_mask

FRAMES = 5
"""Frames of a clip; frame `n` is from the end of second `n`, counted from 1."""

MULTI_SOURCE_PROMPT = "everything that makes a sound"
"""The prompt of "ms3", whose owners name no category."""

SUBSETS = {"s4": ("Single-source", "s4_meta_data.csv"), "ms3": ("Multi-sources", "ms3_meta_data.csv")}


class AvsItem(NamedTuple):
    """One frame: the clip it is from, its number from 1 on, the paths of its files and the prompt."""

    video: str
    frame: int
    image_paths: tuple[str, ...]
    mask_path: str
    audio_path: str
    prompt: str


class AvsBench:
    """AVSBench-object from its owners' processed files: a single sounding object (S4) or several (MS3).

    One record is one annotated frame with the second of sound that ends at it. S4 has a mask for the first frame of a
    training clip and for all five of the others; its prompt is the category ("playing acoustic guitar"). A frame
    where nothing that is seen sounds has an empty mask in the files and no target in the record.

    Args:
        subset: "s4" or "ms3".
        sound: whether each record holds the sound of its "second" or of the whole "clip".

    Raises:
        FileNotFoundError: from `splits` and `items` if the table is missing, from `record` for other files.
        ValueError: for an unknown argument or split, a table without the columns, a mask of colours, a damaged sound.

    Example:

    >>> AvsBench("ms3").expected_counts
    {'train': 1480, 'val': 320, 'test': 320}
    """

    name = "kmm_avs_bench"
    task = "referring"
    description = "Frames of short clips with their sound and a mask of the objects that are heard."
    homepage = "https://github.com/OpenNLPLab/AVSBench"
    citation = (
        "Zhou, Wang, Zhang, Sun, Zhang, Birchfield, Guo, Kong, Wang and Zhong. Audio-Visual Segmentation. ECCV 2022."
    )
    license = "See the owners' page; research use. Videos: YouTube's terms."
    manual_files = """\
MANUAL/                                       processed data from the owners, https://github.com/OpenNLPLab/AVSBench
    Single-source/                            its content may also lie in MANUAL/ itself
        s4_meta_data.csv                      name,start,category,split
        s4_data/visual_frames/SPLIT/CATEGORY/NAME/NAME_1.png ... NAME_5.png
        s4_data/gt_masks/SPLIT/CATEGORY/NAME/NAME_1.png, ...
        s4_data/audio_wav/SPLIT/CATEGORY/NAME.wav
    Multi-sources/                            for AvsBench("ms3")
        ms3_meta_data.csv                     name,split
        ms3_data/visual_frames/NAME/NAME.mp4_1.png ... NAME.mp4_5.png
        ms3_data/gt_masks/SPLIT/NAME/NAME_1.png ... NAME_5.png
        ms3_data/audio_wav/SPLIT/NAME.wav"""
    counts = {
        "s4": {"train": 3452, "val": 3700, "test": 3700},
        "ms3": {"train": 1480, "val": 320, "test": 320},
    }
    expected_counts = counts["s4"]
    class_list = None

    def __init__(self, subset="s4", sound="second"):
        if subset not in SUBSETS:
            raise ValueError(f"`subset` must be one of {tuple(SUBSETS)}. Received: subset={subset!r}.")
        if sound not in ("second", "clip"):
            raise ValueError(f"`sound` must be 'second' or 'clip'. Received: sound={sound!r}.")
        self.subset, self.sound = subset, sound
        self.expected_counts = self.counts[subset]

    def splits(self, manual_dir):
        """The splits that the table names."""
        found = {row["split"] for row in self._rows(manual_dir)[1]}
        return tuple(sorted(found, key=lambda split: (("train", "val", "test", split).index(split), split)))

    def items(self, manual_dir, split):
        """One `AvsItem` for each annotated frame of the split; reads the table only."""
        path, rows = self._rows(manual_dir)
        rows = [row for row in rows if row["split"] == split]
        if not rows:
            raise ValueError(f"`split` must be one of {self.splits(manual_dir)}. Received: split={split!r} for {path}.")
        folder = path.parent / f"{self.subset}_data"
        for row in rows:
            video, category = row["name"], row["category"] if self.subset == "s4" else ""
            place = pathlib.Path(split, category)
            images = folder / "visual_frames" / (place / video if self.subset == "s4" else video)
            for frame in range(1, (1 if self.subset == "s4" and split == "train" else FRAMES) + 1):
                yield AvsItem(
                    video,
                    frame,
                    tuple(str(images / f"{video}{middle}_{frame}.png") for middle in ("", ".mp4")),
                    str(folder / "gt_masks" / place / video / f"{video}_{frame}.png"),
                    str(folder / "audio_wav" / place / f"{video}.wav"),
                    category.replace("_", " ") or MULTI_SOURCE_PROMPT,
                )

    def record(self, item):
        """The record of one item: reads picture, mask and sound."""
        sounding = read_mask(item.mask_path)
        # Small numbers are indices; grey values up to 255 may be anything between where a mask was resized smoothly.
        mask = (sounding > (127 if sounding.max() > 127 else 0)).astype(np.uint8) if sounding.any() else None
        return referring_record(
            f"{item.video}_{item.frame}",
            next((path for path in item.image_paths if pathlib.Path(path).is_file()), item.image_paths[0]),
            [(item.prompt, mask, "phrase")],
            group=item.video,
            position=item.frame,
            audio_bytes=_sound(item.audio_path, item.frame if self.sound == "second" else None, self.manual_files),
        )

    def _rows(self, manual_dir):
        """Path of the table, and its rows with at least `name` and `split`."""
        inner, name = SUBSETS[self.subset]
        folders = (pathlib.Path(manual_dir) / inner, pathlib.Path(manual_dir))
        path = next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)
        reader = csv.DictReader(io.StringIO(read_text(path, self.manual_files)))
        needed = {"s4": ("category", "split"), "ms3": ("split",)}[self.subset]
        header = reader.fieldnames or []
        if not set(needed) <= set(header):
            raise ValueError(
                f"The table must have the columns {needed} and the clip's name first. Received: {header} in {path}. "
                "Fetch it from its owners again."
            )
        rows = [{**row, "name": row[header[0]]} for row in reader]
        for number, row in enumerate(rows, start=2):
            if not all(row[column] for column in ("name", *needed)):
                raise ValueError(f"A row must be complete. Received: line {number} of {path}: {row}. Repair it.")
        return path, rows


def _sound(path, second, manual_files):
    """A WAV file, or a new one of the second that is the `second`th; the last one may be shorter."""
    content = existing_file(pathlib.Path(path), manual_files).read_bytes()
    try:
        with wave.open(io.BytesIO(content)) as clip:
            if second is None:
                return content
            clip.setpos(min((second - 1) * clip.getframerate(), clip.getnframes()))
            frames = clip.readframes(clip.getframerate())
            parameters = clip.getparams()
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"A sound must be a WAV file of PCM samples. Received: {path} ({error}). Convert it."
        ) from error
    if not frames:
        return b""  # the clip is over
    part = io.BytesIO()
    with wave.open(part, "wb") as file:
        file.setparams(parameters._replace(nframes=0))
        file.writeframes(frames)
    return part.getvalue()
