"""What the sections of a report are made from."""

import json
import pathlib

from kmm.evaluation.evaluate import summarize
from kmm.evaluation.sample_collector import SampleCollector

HISTORY, SETTINGS, MODEL = "history.csv", "settings.json", "model.keras"


class ReportContext:
    """The model, the data, and what several sections need and one computes.

    What fails once is not tried again: every section that needs it raises the same error.

    Args:
        model: a `kmm.models.MultimodalModel`.
        source: a `kmm.data.Source`.
        split: which split of it.
        run_folder: the folder of the training run, `None` where it is not known.
        limit: only the first pictures; `None` for all.
        batch_size: pictures in a batch.
        verbose: 0 for no progress bars.

    Example:

    >>> import kmm
    >>> context = ReportContext(model=None, source=kmm.data.ShapesSource((32, 32)), split="val")
    >>> context.source.name, context.settings
    ('shapes', {})
    """

    def __init__(self, model, source, split, run_folder=None, limit=None, batch_size=16, verbose=1):
        self.model, self.source, self.split = model, source, split
        self.run_folder = None if run_folder is None else pathlib.Path(run_folder)
        self.limit, self.batch_size, self.verbose = limit, batch_size, verbose
        self._made = {}

    @property
    def collector(self):
        """The `kmm.evaluation.SampleCollector` of the split."""
        options = {"batch_size": self.batch_size, "limit": self.limit, "verbose": self.verbose}
        return self.remember("collector", lambda: SampleCollector(self.model, self.source, self.split, **options))

    @property
    def scores(self):
        """The `kmm.evaluation.SampleScores` of the split under its own prompts."""
        return self.remember("scores", lambda: self.collector.collect(title="picture", boundaries=True))

    @property
    def metrics(self):
        """What `kmm.evaluation.evaluate` gives."""
        return self.remember("metrics", lambda: summarize(self.collector, self.scores))

    @property
    def reads_words(self):
        """Whether the model reads words."""
        return bool(getattr(self.model, "context_keys", ()))

    @property
    def settings(self):
        """The settings of the training run, empty where they are not known."""
        path = self.file(SETTINGS)
        return {} if path is None else json.loads(path.read_text(encoding="utf-8"))

    def file(self, name):
        """The path of a file of the run, `None` where there is none."""
        path = None if self.run_folder is None else self.run_folder / name
        return path if path is not None and path.is_file() else None

    def remember(self, name, make):
        """What `make()` gave the first time, or the error it raised."""
        if name not in self._made:
            try:
                self._made[name] = (make(), None)
            except Exception as error:  # whatever it is, it would come again
                self._made[name] = (None, error)
        value, error = self._made[name]
        if error is not None:
            raise error
        return value
