"""One section of a report."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Section:
    """What a section says.

    Args:
        data: what goes into `report.json`, numbers and texts; nan is written as `null`.
        blocks: pieces of HTML, one after the other, such as those of `kmm.reporting.html_elements`.

    Example:

    >>> from kmm.reporting.html_elements import paragraph
    >>> Section({"num_samples": 6}, [paragraph("Six samples.")]).blocks
    ['<p>Six samples.</p>']
    """

    data: dict
    blocks: list
