"""Oxford-IIIT Pet: cats and dogs of 37 breeds."""

import zlib
from typing import NamedTuple

import numpy as np

from data_pipelines.record_parts import referring_record, semantic_record
from data_pipelines.voc2012 import VOID, check_split, find_root, packaged_class_list, read_class_ids, read_rows

TASKS = ("referring", "semantic")
LISTS = {"train": "trainval.txt", "test": "test.txt"}
"""The owners' list of every split."""

SPECIES = {"1": "cat", "2": "dog"}
"""How the lists number them."""


class PetItem(NamedTuple):
    """One photograph as the owners list it.

    Args:
        key: name of the files.
        image_path: path of the photograph.
        mask_path: path of the trimap.
        breed: class id of the breed, 1 to 37.
        species: "cat" or "dog".
    """

    key: str
    image_path: str
    mask_path: str
    breed: int
    species: str


class OxfordPet:
    """Oxford-IIIT Pet: photographs of a cat or dog each, with its outline and breed.

    The outline's border, which the owners could not decide, does not count. As a referring set, every photograph is
    asked for its breed in each of its wordings ("the Abyssinian cat"), for its species ("the cat"), and for the other
    species and another breed of its own, which are absent. As a semantic set, the pet's pixels carry the breed's id, 1
    to 37, and all others 0. The owners train on `trainval.txt`, here `train`, and test on `test.txt`.

    Args:
        task: "referring" or "semantic".

    Raises:
        FileNotFoundError: from `splits` and `items`, if the lists are missing.
        ValueError: for an unknown task; from `items` for an unknown split or a row that is not as published, from
            `record` for a trimap of colours or with an unknown value.

    Example:

    >>> data = OxfordPet()
    >>> [(text, kind) for text, _, kind in data.phrases("cat", 1, "Abyssinian_1", None)][:3]
    [('the Abyssinian cat', 'breed'), ('the Abyssinian', 'breed'), ('the cat', 'species')]
    """

    name = "kmm_oxford_pet"
    task = "referring"
    description = "Photographs of a cat or dog each, with its outline and one of 37 breeds."
    homepage = "https://www.robots.ox.ac.uk/~vgg/data/pets/"
    citation = "Parkhi, Vedaldi, Zisserman, Jawahar: Cats and Dogs. CVPR 2012."
    license = "CC BY-SA 4.0"
    manual_files = """annotations/      from annotations.tar.gz at the homepage
  trainval.txt    rows of a name, its class, species and breed, the same in test.txt
  trimaps/        Abyssinian_1.png, ...
images/           Abyssinian_1.jpg, ..., from images.tar.gz"""
    expected_counts = {"train": 3680, "test": 3669}
    class_list = None

    TRIMAP = {1: 1, 2: 0, 3: VOID}

    def __init__(self, task="referring"):
        if task not in TASKS:
            raise ValueError(f"`task` must be one of {TASKS}. Received: task={task!r}.")
        self.task = task
        self._breeds = packaged_class_list("oxford_pet")
        self.class_list = self._breeds if task == "semantic" else None

    def splits(self, manual_dir):
        """The names of the splits."""
        self._root(manual_dir)
        return tuple(LISTS)

    def items(self, manual_dir, split):
        """Every photograph of the split as a `PetItem`, in the order of the owners' list."""
        check_split(split, self.splits(manual_dir))
        root = self._root(manual_dir)
        for place, row in read_rows(root / "annotations" / LISTS[split], self):
            key, breed, species, *_ = (*row.split(), "", "", "")
            is_known = breed.isdecimal() and 1 <= int(breed) < len(self._breeds["classes"])
            if not is_known or SPECIES.get(species) != self._species(int(breed)):
                raise ValueError(
                    "A row must hold a name, the class 1 to 37 and the species of that class, 1 or 2. Received: "
                    f"{row!r} in {place}. Fetch the list again."
                )
            picture, mask = root / "images" / f"{key}.jpg", root / "annotations" / "trimaps" / f"{key}.png"
            yield PetItem(key, str(picture), str(mask), int(breed), SPECIES[species])

    def record(self, item):
        """The record of one item."""
        pet = read_class_ids(item.mask_path, self.TRIMAP)
        if self.task == "semantic":
            breed = np.where(pet == 1, np.uint8(item.breed), pet)
            return semantic_record(item.key, item.image_path, breed, label=item.breed)
        phrases = self.phrases(item.species, item.breed, item.key, pet)
        return referring_record(item.key, item.image_path, phrases, label=item.breed)

    def phrases(self, species, breed, key, mask):
        """What is asked about a photograph: triples of text, mask and kind.

        Args:
            species: "cat" or "dog".
            breed: class id of the breed.
            key: what the absent breed is drawn by.
            mask: what the texts about the pet name.
        """
        others = [k for k in range(1, len(self._breeds["classes"])) if k != breed and self._species(k) == species]
        absent = self._names(others[zlib.crc32(key.encode()) % len(others)])
        return [
            *((f"the {name}", mask, "breed") for name in self._names(breed)),
            (f"the {species}", mask, "species"),
            (f"the {'dog' if species == 'cat' else 'cat'}", None, "absent"),
            *((f"the {name}", None, "absent") for name in absent),
        ]

    def _names(self, breed):
        entry = self._breeds["classes"][breed]
        return (entry["name"], *(word if isinstance(word, str) else word[0] for word in entry.get("synonyms", ())))

    def _species(self, breed):
        return "cat" if self._breeds["classes"][breed]["name"].endswith(" cat") else "dog"

    def _root(self, manual_dir):
        return find_root(manual_dir, (".", "oxford-iiit-pet"), "annotations", self)
