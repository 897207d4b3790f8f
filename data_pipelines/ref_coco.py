"""RefCOCO: short sentences that name one object of a COCO photograph, gathered in a game."""

from data_pipelines.refer_api import ReferApi


class RefCoco(ReferApi):
    """RefCOCO from the files of the REFER toolkit and the COCO 2014 training pictures.

    The splits "unc" keep people (testA) and other objects (testB) apart, each picture in one split. The splits "google"
    share out objects: the same picture is in several of them.

    Args:
        split_by: "unc" or "google".
        text: "sent" or "raw", see `ReferApi`.
        shared_pictures: see `ReferApi`.

    Example:

    >>> RefCoco(split_by="unc").expected_counts["testA"]
    750
    """

    name = "kmm_ref_coco"
    description = "Short sentences, gathered in a game, that name one object of a COCO photograph."
    homepage = "https://github.com/lichengunc/refer"
    citation = (
        "Kazemzadeh, Ordonez, Matten and Berg. ReferItGame: Referring to Objects in Photographs of Natural Scenes. "
        "EMNLP 2014. Yu, Poirson, Yang, Berg and Berg. Modeling Context in Referring Expressions. ECCV 2016."
    )
    license = "COCO annotations: CC BY 4.0. Pictures: Flickr's terms of use. Sentences: see the homepage."
    manual_files = """\
MANUAL/
    refcoco/                      the archive refcoco.zip of https://github.com/lichengunc/refer
        refs(unc).p               or refs(google).p
        instances.json
    train2014/                    2014 training pictures of https://cocodataset.org, also as images/train2014
        COCO_train2014_000000000009.jpg
        ..."""
    folder = "refcoco"
    counts = {
        "unc": {"train": 16994, "val": 1500, "testA": 750, "testB": 750},
        "google": {"train": 19213, "val": 4559, "test": 4527},
    }
    expected_counts = counts["unc"]
