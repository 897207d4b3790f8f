"""RefCOCOg: longer sentences that name one object of a COCO photograph."""

from data_pipelines.refer_api import ReferApi


class RefCocoG(ReferApi):
    """RefCOCOg from the files of the REFER toolkit and the COCO 2014 training pictures.

    The splits "umd" keep each picture in one split. The splits "google" share out objects, so that many validation
    pictures are training pictures as well, and have no published test split.

    Args:
        split_by: "umd" or "google".
        text: "sent" or "raw", see `ReferApi`.
        shared_pictures: see `ReferApi`.

    Example:

    >>> RefCocoG().split_by, RefCocoG("google").shared_pictures
    ('umd', 'allow')
    """

    name = "kmm_ref_coco_g"
    description = "Longer sentences, eight words on average, that name one object of a COCO photograph."
    homepage = "https://github.com/lichengunc/refer"
    citation = (
        "Mao, Huang, Toshev, Camburu, Yuille and Murphy. Generation and Comprehension of Unambiguous Object "
        "Descriptions. CVPR 2016. Splits umd: Nagaraja, Morariu and Davis. Modeling Context Between Objects for "
        "Referring Expression Understanding. ECCV 2016."
    )
    license = "COCO annotations: CC BY 4.0. Pictures: Flickr's terms of use. Sentences: see the homepage."
    manual_files = """\
MANUAL/
    refcocog/                     the archive refcocog.zip of https://github.com/lichengunc/refer
        refs(umd).p               or refs(google).p
        instances.json
    train2014/                    2014 training pictures of https://cocodataset.org, also as images/train2014
        COCO_train2014_000000000009.jpg
        ..."""
    folder = "refcocog"
    counts = {
        "umd": {"train": 21899, "val": 1300, "test": 2600},
        "google": {"train": 24698, "val": 4650},
    }
    expected_counts = counts["umd"]
