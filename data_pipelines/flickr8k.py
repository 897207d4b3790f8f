"""Flickr8k: photographs with five captions each, for search by words."""

import pathlib
import re

from data_pipelines.record_parts import referring_record
from data_pipelines.voc2012 import check_split, find_root, missing, read_rows

LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}
"""The owners' list of every split."""

CAPTIONS = "Flickr8k.token.txt"
CAPTION = re.compile(r"(?P<picture>[^\t]+)#(?P<number>\d+)\t\s*(?P<text>.*\S)")
"""A row of captions: "1000268201_693b08cb0e.jpg#0 <tab> A child in a pink dress ..."."""

NUM_CAPTIONS = 5


class Flickr8k:
    """Flickr8k: photographs of people and animals that do something, each with five captions.

    The captions name the whole picture, so no record has a mask. Captions of photographs that are in no list are left
    out, as the owners' file has some.

    Raises:
        FileNotFoundError: from `splits` and `items`, if the captions, a list or the pictures are missing.
        ValueError: from `items` for an unknown split or a damaged row, from `record` for a photograph without its five
            captions.

    Example:

    >>> data = Flickr8k()
    >>> CAPTION.fullmatch("1000268201_693b08cb0e.jpg#0\\tA child in a pink dress .")["text"]
    'A child in a pink dress .'
    >>> next(data.items("downloads/flickr8k", "train"))[0]  # doctest: +SKIP
    '2513260012_03d33305cf'
    """

    name = "kmm_flickr8k"
    task = "captions"
    description = "Photographs from Flickr with five captions each."
    homepage = "https://hockenmaier.cs.illinois.edu/8k-pictures.html"
    citation = (
        "Hodosh, Young, Hockenmaier: Framing Image Description as a Ranking Task: Data, Models and Evaluation Metrics. "
        "Journal of Artificial Intelligence Research, 2013."
    )
    license = "Non-commercial research; photographs from Flickr under Flickr's terms of use."
    manual_files = """Flickr8k_text/                   from Flickr8k_text.zip, or its files without the folder
  Flickr8k.token.txt             five captions for every photograph
  Flickr_8k.trainImages.txt      names of photographs, the same for devImages and testImages
Flicker8k_Dataset/               from Flickr8k_Dataset.zip, whose folder is spelled so
  1000268201_693b08cb0e.jpg      ..."""
    expected_counts = {"train": 6000, "val": 1000, "test": 1000}
    class_list = None

    def splits(self, manual_dir):
        """The names of the splits."""
        self._texts(manual_dir)
        return tuple(LISTS)

    def items(self, manual_dir, split):
        """Key, photograph, numbered captions and place in the list of every photograph, in the order of the list."""
        check_split(split, self.splits(manual_dir))
        texts = self._texts(manual_dir)
        pictures = self._pictures(manual_dir)
        rows = read_rows(texts / LISTS[split], self)
        captions = {name: {} for _, name in rows}
        for place, row in read_rows(texts / CAPTIONS, self):
            match = CAPTION.fullmatch(row)
            if match is None:
                raise ValueError(
                    "A row of captions must hold a file name, # and a number, a tab, and a text. Received: "
                    f"{row[:100]!r} in {place}. Fetch the file again."
                )
            if match["picture"] in captions:
                captions[match["picture"]][int(match["number"])] = match["text"]
        for place, name in rows:
            yield name.rpartition(".")[0], str(pictures / name), tuple(sorted(captions[name].items())), place

    def record(self, item):
        """The record of one item."""
        key, picture, captions, place = item
        numbers = [number for number, _ in captions]
        if numbers != list(range(NUM_CAPTIONS)):
            raise ValueError(
                f"A photograph must have the captions 0 to {NUM_CAPTIONS - 1}. Received: {numbers} in {CAPTIONS} for "
                f"the name in {place}. Fetch the files again."
            )
        return referring_record(key, picture, [(text, None, "caption") for _, text in captions])

    def _texts(self, manual_dir):
        return find_root(manual_dir, ("Flickr8k_text", "."), CAPTIONS, self)

    def _pictures(self, manual_dir):
        folders = [pathlib.Path(manual_dir) / name for name in ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images")]
        found = [folder for folder in folders if folder.is_dir()]
        if not found:
            raise missing(folders[0], self)
        return found[0]
