"""RefCLEF (ReferItGame): sentences that name a region of a photograph of the SAIAPR TC-12 collection."""

from data_pipelines.refer_api import ReferApi


class RefClef(ReferApi):
    """RefCLEF, also called ReferIt, from the files of the REFER toolkit and the pictures of SAIAPR TC-12.

    Regions are things and stuff ("the sky"). The pictures may lie in one folder or, as in the SAIAPR archive, in
    `NN/images`, where NN is their number in thousands. Of the splits "unc" a reference may be in several tests: the
    owners write "testAB" for testA and testB.

    Args:
        split_by: "unc" or "berkeley".
        text: "sent" or "raw", see `ReferApi`.
        shared_pictures: see `ReferApi`; test splits of this set may share pictures in any case.

    Example:

    >>> RefClef("berkeley").folder
    'refclef'
    """

    name = "kmm_ref_clef"
    description = "Sentences, gathered in a game, that name a region of a photograph of SAIAPR TC-12."
    homepage = "https://github.com/lichengunc/refer"
    citation = (
        "Kazemzadeh, Ordonez, Matten and Berg. ReferItGame: Referring to Objects in Photographs of Natural Scenes. "
        "EMNLP 2014. Escalante et al. The segmented and annotated IAPR TC-12 benchmark. CVIU 2010."
    )
    license = "Pictures and regions: the terms of the IAPR TC-12 benchmark, research use. Sentences: see the homepage."
    manual_files = """\
MANUAL/
    refclef/                      the archive refclef.zip of https://github.com/lichengunc/refer
        refs(unc).p               or refs(berkeley).p
        instances.json
    saiapr_tc-12/                 the 19,997 pictures named there, also as images/saiapr_tc-12
        25.jpg                    or 00/images/25.jpg
        ..."""
    folder = "refclef"
    image_folders = ("saiapr_tc-12", "images/saiapr_tc-12")
    test_splits_overlap = True
    counts = {"unc": {}, "berkeley": {}}
    expected_counts = counts["unc"]

    def image_file(self, folder, image):
        """Path of a picture, given its entry in `instances.json`."""
        path = folder / image["file_name"]
        in_archive = folder / f"{image['id'] // 1000:02d}" / "images" / path.name
        return in_archive if in_archive.is_file() and not path.is_file() else path
