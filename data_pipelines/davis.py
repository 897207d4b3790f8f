"""DAVIS 2016 and 2017: short videos with a mask for every frame and sentences that name the objects."""

import pathlib
import re
from typing import NamedTuple

import numpy as np

from data_pipelines.record_parts import referring_record
from data_pipelines.refer_api import existing_file, read_json, read_text
from kmm.preprocessing.read_mask import read_mask

CORRECTIONS = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
"""Names of videos as the files of sentences misspell them."""

LINE = re.compile(r'(?P<video>\S+)\s+((?P<object>\d+)\s+)?"?(?P<text>.*?)"?\s*')


class VideoFrame(NamedTuple):
    """One frame with all sentences about its video.

    Args:
        video: name of the video.
        frame: name of the frame, a number.
        image_path, mask_path: paths of the two pictures.
        sentences: `(text, object id, kind)`; None instead of an id for whatever is not background.
    """

    video: str
    frame: str
    image_path: str
    mask_path: str
    sentences: tuple[tuple[str, int | None, str], ...]


class Davis:
    """DAVIS from its owners' files with the referring sentences of Khoreva, Rohrbach and Schiele.

    One record is one frame with every sentence about its video; a sentence whose object is not in the frame names
    nothing there. Kinds: "first_frame" for sentences whose authors saw the first frame only, "full_video" for the
    others. A folder with `expressions.json` is read as well; it holds one split "val" of one object a video.

    Args:
        year: 2017 (several objects a video) or 2016 (one).

    Raises:
        FileNotFoundError: from `splits` and `items`, if the lists of videos, the sentences or a video are missing.
        ValueError: for another year, an unknown split, and for files that do not fit together.

    Example:

    >>> Davis(year=2016).expected_counts
    {'train': 2079, 'val': 1376}
    """

    name = "kmm_davis"
    task = "referring"
    description = "Frames of short videos with sentences that name their moving objects."
    homepage = "https://davischallenge.org"
    citation = (
        "Perazzi et al. A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation. CVPR 2016. "
        "Pont-Tuset et al. The 2017 DAVIS Challenge on Video Object Segmentation. arXiv 2017. Sentences: Khoreva, "
        "Rohrbach and Schiele. Video Object Segmentation with Language Referring Expressions. ACCV 2018."
    )
    license = "See the owners' pages; research use."
    manual_files = """\
MANUAL/                           also as MANUAL/DAVIS/
    JPEGImages/480p/bear/00000.jpg, ...       DAVIS 2017 (trainval, 480p) or 2016 of https://davischallenge.org
    Annotations/480p/bear/00000.png, ...
    ImageSets/2017/train.txt, val.txt         for 2016: ImageSets/2016/ or ImageSets/480p/
    davis_text_annotations/Davis17_annot1.txt, Davis17_annot1_full_video.txt, ...    of https://www.mpi-inf.mpg.de
or
    frames/VIDEO/00000.jpg, ...
    masks/VIDEO/00000.png, ...
    expressions.json                          [{"video": "VIDEO", "prompt": "a black swan"}, ...]"""
    expected_counts = {}
    class_list = None

    def __init__(self, year=2017):
        if str(year) not in ("2016", "2017"):
            raise ValueError(f"`year` must be 2016 or 2017. Received: year={year!r}.")
        self.year = int(year)  # the command line gives a text
        self.expected_counts = {"train": 2079, "val": 1376} if self.year == 2016 else {}

    def splits(self, manual_dir):
        """The splits that have a list of videos."""
        return tuple(self._videos(manual_dir))

    def items(self, manual_dir, split):
        """One `VideoFrame` for each frame of the split; lists folders and opens no picture."""
        videos = self._videos(manual_dir)
        if split not in videos:
            raise ValueError(f"`split` must be one of {tuple(videos)}. Received: split={split!r} for {manual_dir}.")
        root, images, masks = self._folders(manual_dir)
        sentences = self._sentences(root)
        for video in videos[split]:
            if video not in sentences:
                raise ValueError(f"Every video must have a sentence. Received: none for {video!r} in {root}. Add one.")
            yield from video_frames(video, images / video, masks / video, tuple(sentences[video]), self.manual_files)

    def record(self, item):
        """The record of one frame."""
        return frame_record(item)

    def _folders(self, manual_dir):
        """The folder of the data set, and those of its frames and masks."""
        for root in (pathlib.Path(manual_dir), pathlib.Path(manual_dir) / "DAVIS"):
            if (root / "JPEGImages").is_dir():
                return root, root / "JPEGImages" / "480p", root / "Annotations" / "480p"
        root = pathlib.Path(manual_dir)
        return root, root / "frames", root / "masks"

    def _videos(self, manual_dir):
        """Names of the videos by split."""
        root, images, _ = self._folders(manual_dir)
        if images.name == "frames":
            read_json(root / "expressions.json", self.manual_files)
            return {"val": sorted(path.name for path in images.glob("*") if path.is_dir())}
        folders = [root / "ImageSets" / name for name in ("2017" if self.year == 2017 else "2016", "480p")]
        folder = next((folder for folder in folders if (folder / "train.txt").is_file()), folders[0])
        videos = {}
        for split in ("train", "val"):
            lines = read_text(folder / f"{split}.txt", self.manual_files).split("\n")
            # DAVIS 2016 lists pairs of files, "/JPEGImages/480p/bear/00000.jpg /Annotations/...", instead of videos.
            names = [pathlib.PurePosixPath(line.split()[0]) for line in lines if line.strip()]
            videos[split] = list(dict.fromkeys(name.parent.name if name.suffix else name.name for name in names))
        return videos

    def _sentences(self, root):
        """`(text, object id, kind)` triples by video."""
        if (root / "frames").is_dir():
            return _from_json(root / "expressions.json", self.manual_files)
        folders = [root / "davis_text_annotations", root.parent / "davis_text_annotations"]
        pattern = f"Davis{self.year % 100}_annot*.txt"
        paths = [path for folder in folders for path in sorted(folder.glob(pattern))]
        if not paths:
            existing_file(folders[0] / pattern, self.manual_files)
        sentences = {}
        for path in paths:
            kind = "full_video" if path.stem.endswith("full_video") else "first_frame"
            for number, line in _lines(path):
                found = LINE.fullmatch(line)
                if not found or not found["text"] or (self.year == 2017 and not found["object"]):
                    raise ValueError(
                        'A line must read: video, object number, "sentence". Received: '
                        f"{ascii(line)[:200]}, line {number} of {path}. Repair the line."
                    )
                of_object = int(found["object"]) if self.year == 2017 else None
                video = CORRECTIONS.get(found["video"], found["video"])
                sentences.setdefault(video, []).append((found["text"], of_object, kind))
        return sentences


def video_frames(video, images, masks, sentences, manual_files, names=None):
    """A `VideoFrame` for each frame of a video, in the order of time.

    Args:
        video: name of the video.
        images, masks: folders of its frames (JPEG) and masks (PNG), with equal stems.
        sentences: as in `VideoFrame`.
        manual_files: what an error shows.
        names: stems of the frames; default: all, which must then be those of the masks.
    """
    for folder in (images, masks):
        if not folder.is_dir():
            raise FileNotFoundError(f"The folder of a video must exist. Received: {folder}. Expected:\n{manual_files}")
    if names is None:
        names, stems = (
            {path.stem for path in folder.glob(f"*{end}")} for folder, end in ((images, ".jpg"), (masks, ".png"))
        )
        if names != stems or not names:
            raise ValueError(
                f"A video must have frames and a mask for each. Received: {len(names)} frames in {images}, "
                f"{len(stems)} masks in {masks}, unpaired: {sorted(names ^ stems)[:5]}. Complete the folders."
            )
    for name in sorted(names):
        if not name.isdecimal():
            raise ValueError(f"A frame must be named by a number. Received: {name!r} in {images}. Rename it.")
        yield VideoFrame(video, name, str(images / f"{name}.jpg"), str(masks / f"{name}.png"), sentences)


def frame_record(item):
    """The record of a `VideoFrame`: its group is the video, its position the number of the frame."""
    ids = read_mask(item.mask_path)
    masks = {}
    for _, object_id, _ in item.sentences:
        if object_id not in masks:
            drawn = ids != 0 if object_id is None else ids == object_id
            masks[object_id] = drawn.astype(np.uint8) if drawn.any() else None
    return referring_record(
        f"{item.video}/{item.frame}",
        item.image_path,
        [(text, masks[object_id], kind) for text, object_id, kind in item.sentences],
        group=item.video,
        position=int(item.frame),
    )


def _from_json(path, manual_files):
    sentences = {}
    entries = read_json(path, manual_files)
    for place, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("video", "prompt")):
            raise ValueError(
                "Sentences must be a list of dicts with the texts `video` and `prompt`. Received: entry "
                f"{place} of {path}: {ascii(entry)[:200]}. Repair it."
            )
        sentences.setdefault(entry["video"], []).append((entry["prompt"], None, "phrase"))
    return sentences


def _lines(path):
    """The lines that are not empty, with their numbers; the second annotator's files are Latin-1."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin1")
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
