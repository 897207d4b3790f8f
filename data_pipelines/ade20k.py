"""ADE20K in the selection of the scene parsing challenge: everyday scenes with 150 classes."""

from data_pipelines.record_parts import semantic_record
from data_pipelines.voc2012 import VOID, check_split, find_root, missing, packaged_class_list, read_class_ids, read_rows

FOLDERS = {"train": "training", "val": "validation"}
"""The folder of every split."""

INFO = "objectInfo150.txt"


class Ade20k:
    """ADE20K, scene parsing challenge of 2016: indoor and outdoor scenes, 150 classes for every pixel.

    The ids in the files are 1 to 150, in records 0 to 149; 0, everything else, does not count. Where the owners' table
    `objectInfo150.txt` lies beside the pictures, its numbering is compared with the class list.

    Raises:
        FileNotFoundError: from `splits` and `items`, if the pictures or annotations of a split are missing.
        ValueError: from `items` for an unknown split or a table with another numbering, from `record` for a mask of
            colours or with an unknown id.

    Example:

    >>> data = Ade20k()
    >>> len(data.class_list["classes"]), data.IDS[0], data.IDS[1]
    (150, 255, 0)
    >>> next(data.items("downloads/ade20k", "val"))[0]  # doctest: +SKIP
    'ADE_val_00000001'
    """

    name = "kmm_ade20k"
    task = "semantic"
    description = "Indoor and outdoor scenes with a class id for every pixel: the 150 classes of scene parsing."
    homepage = "http://sceneparsing.csail.mit.edu"
    citation = "Zhou, Zhao, Puig, Fidler, Barriuso, Torralba: Scene Parsing through ADE20K Dataset. CVPR 2017."
    license = "Pictures for non-commercial research and education; annotations BSD-3-Clause, see the homepage."
    manual_files = """ADEChallengeData2016/       from ADEChallengeData2016.zip at the homepage
  images/training/          ADE_train_00000001.jpg, ..., the same for validation
  annotations/training/     ADE_train_00000001.png, ..., the same for validation
  objectInfo150.txt         may be absent"""
    expected_counts = {"train": 20210, "val": 2000}
    class_list = packaged_class_list("ade20k")

    IDS = {0: VOID, **{class_id + 1: class_id for class_id in range(150)}}

    def splits(self, manual_dir):
        """The names of the splits."""
        self._root(manual_dir)
        return tuple(FOLDERS)

    def items(self, manual_dir, split):
        """Key, picture and mask of every picture, by name."""
        check_split(split, self.splits(manual_dir))
        root = self._root(manual_dir)
        if (root / INFO).is_file():
            self._check_names(root / INFO)
        pictures, masks = (root / kind / FOLDERS[split] for kind in ("images", "annotations"))
        for folder in (pictures, masks):
            if not folder.is_dir():
                raise missing(folder, self)
        found = sorted(pictures.glob("*.jpg"))
        if not found:
            raise missing(pictures / "*.jpg", self)
        for picture in found:
            yield picture.stem, str(picture), str(masks / f"{picture.stem}.png")

    def record(self, item):
        """The record of one item."""
        key, picture, mask = item
        return semantic_record(key, picture, read_class_ids(mask, self.IDS))

    def _root(self, manual_dir):
        return find_root(manual_dir, ("ADEChallengeData2016", "."), "annotations", self)

    def _check_names(self, path):
        """Compares the table's rows, such as "9 <tab> ... <tab> windowpane, window", with the class list."""
        expected = {str(number): entry["name"] for number, entry in enumerate(self.class_list["classes"], start=1)}
        for place, row in read_rows(path, self)[1:]:
            cells = [cell.strip() for cell in row.split("\t")]
            number, word = cells[0], cells[-1].split(",")[0].strip()
            if expected.get(number) != word:
                raise ValueError(
                    f"Class {number} must be {expected.get(number)!r}, as scene parsing numbers them. Received: "
                    f"{row!r} in {place}. Use the annotations of ADEChallengeData2016."
                )
