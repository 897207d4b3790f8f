"""gRefCOCO: sentences that name one object of a COCO photograph, several or none."""

from data_pipelines.refer_api import ReferApi

NOTHING = [-1]
"""What the owners write for the annotation ids of a sentence that names nothing in the picture."""


class GrefCoco(ReferApi):
    """gRefCOCO from its owners' files and the COCO 2014 training pictures.

    Kinds: "phrase" for one object, "several" for the union of more, "absent" for a sentence that names nothing in the
    picture. The splits are those of RefCOCO by "unc".

    Args:
        split_by: "unc", the only one there is.
        text: "sent" or "raw", see `ReferApi`.
        shared_pictures: see `ReferApi`.

    Example:

    >>> GrefCoco().kind({"ann_id": [3, 4]}), GrefCoco().kind({"ann_id": [-1]})
    ('several', 'absent')
    """

    name = "kmm_gref_coco"
    description = "Sentences that name one object of a COCO photograph, several, or none."
    homepage = "https://github.com/henghuiding/gRefCOCO"
    citation = "Liu, Ding and Jiang. GRES: Generalized Referring Expression Segmentation. CVPR 2023."
    license = "COCO annotations: CC BY 4.0. Pictures: Flickr's terms of use. Sentences: see the homepage."
    manual_files = """\
MANUAL/
    grefcoco/                     files of https://github.com/henghuiding/gRefCOCO
        grefs(unc).json           or grefs(unc).p
        instances.json
    train2014/                    2014 training pictures of https://cocodataset.org, also as images/train2014
        COCO_train2014_000000000009.jpg
        ..."""
    folder = "grefcoco"
    refs_files = ("grefs({}).json", "grefs({}).p")
    counts = {"unc": {"train": 16994, "val": 1500, "testA": 750, "testB": 750}}
    expected_counts = counts["unc"]

    def annotation_ids(self, ref, path):
        """Ids of the annotations that a reference names, as a tuple; empty for none."""
        ann_ids = super().annotation_ids(ref, path)
        names_nothing = ann_ids == tuple(NOTHING)
        if ref.get("no_target", names_nothing) != names_nothing or (-1 in ann_ids and not names_nothing):
            raise ValueError(
                f"A reference without a target must have ann_id={NOTHING} and no_target true, every other neither. "
                f"Received: ann_id={list(ann_ids)}, no_target={ref.get('no_target')} in the reference "
                f"{ref.get('ref_id')} of {path}. Repair or remove it."
            )
        return () if names_nothing else ann_ids

    def kind(self, ref):
        """What a reference asks for."""
        if ref["ann_id"] in (NOTHING, NOTHING[0]):
            return "absent"
        return "several" if isinstance(ref["ann_id"], list) and len(ref["ann_id"]) > 1 else "phrase"
