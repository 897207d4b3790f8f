"""RefCOCO+: as RefCOCO, but without words of place."""

from data_pipelines.refer_api import ReferApi


class RefCocoPlus(ReferApi):
    """RefCOCO+ from the files of the REFER toolkit and the COCO 2014 training pictures.

    Words of place ("left", "top") were forbidden in the game, so sentences speak of looks.

    Args:
        split_by: "unc", the only one there is.
        text: "sent" or "raw", see `ReferApi`.
        shared_pictures: see `ReferApi`.

    Example:

    >>> RefCocoPlus().expected_counts["train"]
    16992
    """

    name = "kmm_ref_coco_plus"
    description = "Short sentences without words of place that name one object of a COCO photograph."
    homepage = "https://github.com/lichengunc/refer"
    citation = "Yu, Poirson, Yang, Berg and Berg. Modeling Context in Referring Expressions. ECCV 2016."
    license = "COCO annotations: CC BY 4.0. Pictures: Flickr's terms of use. Sentences: see the homepage."
    manual_files = """\
MANUAL/
    refcoco+/                     the archive refcoco+.zip of https://github.com/lichengunc/refer
        refs(unc).p
        instances.json
    train2014/                    2014 training pictures of https://cocodataset.org, also as images/train2014
        COCO_train2014_000000000009.jpg
        ..."""
    folder = "refcoco+"
    counts = {"unc": {"train": 16992, "val": 1500, "testA": 750, "testB": 750}}
    expected_counts = counts["unc"]
