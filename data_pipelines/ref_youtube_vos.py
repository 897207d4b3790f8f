"""Refer-YouTube-VOS: videos with sentences, each of which names one object throughout the video."""

import pathlib

from data_pipelines.davis import frame_record, video_frames
from data_pipelines.refer_api import read_json

SPLITS = ("train", "valid")


class RefYoutubeVos:
    """Refer-YouTube-VOS from its owners' files.

    One record is one annotated frame with every sentence about its video; a sentence whose object is not in the frame
    names nothing there. The owners keep the masks of "valid" and "test" for their competition: a split without masks is
    not listed, as a record without its target would be untrue.

    Raises:
        FileNotFoundError: from `splits` and `items`, if a file of sentences or the folder of a video is missing.
        ValueError: for an unknown split, one without masks, and for sentences that are not as published.

    Example:

    >>> RefYoutubeVos().name
    'kmm_ref_youtube_vos'
    """

    name = "kmm_ref_youtube_vos"
    task = "referring"
    description = "Frames of videos with sentences that name an object throughout its video."
    homepage = "https://youtube-vos.org/dataset/rvos/"
    citation = (
        "Seo, Lee and Han. URVOS: Unified Referring Video Object Segmentation Network with a Large-Scale Benchmark. "
        "ECCV 2020. Xu et al. YouTube-VOS: A Large-Scale Video Object Segmentation Benchmark. arXiv 2018."
    )
    license = "Annotations: CC BY 4.0. Videos: non-commercial research use."
    manual_files = """\
MANUAL/                                       files of https://youtube-vos.org/dataset/rvos/
    meta_expressions/train/meta_expressions.json
    train/JPEGImages/VIDEO/00000.jpg, ...     also as JPEGImages/VIDEO/00000.jpg, ...
    train/Annotations/VIDEO/00000.png, ...    palette, the index is the object's number"""
    expected_counts = {}
    class_list = None

    def splits(self, manual_dir):
        """The splits that have sentences and masks."""
        read_json(self._sentences_file(manual_dir, "train"), self.manual_files)
        return tuple(split for split in SPLITS if self._missing(manual_dir, split) is None)

    def items(self, manual_dir, split):
        """One `VideoFrame` for each frame of the split; reads the sentences and opens no picture."""
        if split not in SPLITS:
            raise ValueError(f"`split` must be one of {SPLITS}. Received: split={split!r}.")
        path = self._sentences_file(manual_dir, split)
        content = read_json(path, self.manual_files)
        if missing := self._missing(manual_dir, split):
            raise ValueError(
                f"A split must have masks. Received: split={split!r}, {missing}. The owners publish them for 'train'."
            )
        folder = self._folder(manual_dir, split)
        for video, entry in _videos(content, path):
            sentences = tuple(
                (sentence["exp"], int(sentence["obj_id"]), "phrase")
                for _, sentence in sorted(entry["expressions"].items(), key=lambda pair: (len(pair[0]), pair[0]))
            )
            images, masks = folder / "JPEGImages" / video, folder / "Annotations" / video
            yield from video_frames(video, images, masks, sentences, self.manual_files, entry["frames"])

    def record(self, item):
        """The record of one frame."""
        return frame_record(item)

    def _sentences_file(self, manual_dir, split):
        return pathlib.Path(manual_dir) / "meta_expressions" / split / "meta_expressions.json"

    def _folder(self, manual_dir, split):
        inner = pathlib.Path(manual_dir) / split
        return inner if inner.is_dir() else pathlib.Path(manual_dir)

    def _missing(self, manual_dir, split):
        """What keeps a split from being read, None if nothing does."""
        path = self._sentences_file(manual_dir, split)
        if not path.is_file():
            return f"no {path}"
        if split == "valid" and not (pathlib.Path(manual_dir) / split / "Annotations").is_dir():
            return f"no {pathlib.Path(manual_dir) / split / 'Annotations'}"
        return None


def _videos(content, path):
    """Names and entries of the videos, checked."""
    videos = content.get("videos") if isinstance(content, dict) else None
    if not isinstance(videos, dict) or not videos:
        raise ValueError(f"A file of sentences must hold `videos`. Received: {path}. Fetch it from its owners again.")
    for video, entry in videos.items():
        if not _is_video(entry):
            raise ValueError(
                "A video must have a list of `frames` and `expressions`, each with `exp` and `obj_id`. Received: "
                f"{video!r} of {path}: {ascii(entry)[:200]}. Fetch the file from its owners again."
            )
        yield video, entry


def _is_video(entry):
    try:
        sentences = list(entry["expressions"].values())
        is_named = all(isinstance(s["exp"], str) and str(s["obj_id"]).isdecimal() for s in sentences)
        return is_named and bool(sentences and entry["frames"]) and all(isinstance(f, str) for f in entry["frames"])
    except (AttributeError, KeyError, TypeError):
        return False
