"""Two exports with different weights, and load that tells their answers apart; for `swap_versions.py`."""

import hashlib
import json
import math
import random
import shutil
import threading
import time

import numpy as np
import tensorflow as tf
from known_answers import KnownAnswers

from kmm.serving import Client, ServingError

OUTPUTS = ["score", "present", "mask_png_bytes", "status"]
GONE = ("NOT_FOUND", "UNAVAILABLE", "FAILED_PRECONDITION")
"""What a server may say of a version that was asked for by its number, once a newer one is there."""


def with_other_weights(version, folder, strength, seed=0):
    """A copy of an export's version whose kernels are changed by chance, by this share; checksums fit again."""
    shutil.copytree(version, folder)
    prefix = str(folder / "variables" / "variables")
    reader = tf.train.load_checkpoint(prefix)
    names = sorted(reader.get_variable_to_shape_map())
    tensors = [reader.get_tensor(name) for name in names]
    generator = np.random.default_rng(seed)
    for index, value in enumerate(tensors):
        if isinstance(value, np.ndarray) and value.dtype == np.float32 and value.ndim > 1:
            tensors[index] = (value * generator.normal(1.0, strength, value.shape)).astype("float32")
    del reader
    shutil.rmtree(folder / "variables")
    (folder / "variables").mkdir()
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
    path = folder / "assets.extra" / "sha256.json"
    if path.exists():
        sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in json.loads(path.read_text())}
        path.write_text(json.dumps(sums, indent=2))
    return folder


class TwoExports:
    """Two versions and what each answers to the same questions; only questions that they answer differently are kept.

    `sources` are the folders, `known` what their C++ sessions say, `places` the questions in `known[...].rows`.
    """

    def __init__(self, version, other, folder, photographs, prompts):
        strengths = (None,) if other else (0.1, 0.2, 0.4, 0.8)
        first = KnownAnswers(version, photographs, prompts)
        for strength in strengths:
            source = other or with_other_weights(version, folder / f"changed-{strength}", strength)
            self.known, self.sources = (first, KnownAnswers(source, photographs, prompts)), (version, source)
            self.places = [index for index in range(len(first.rows)) if self._differ(index)]
            if len(self.places) >= max(3, len(first.rows) // 2):
                break
        if len(self.places) < 3:
            raise SystemExit("the two exports answer alike: give another with --other")
        changed = f"kernels changed by {100 * strength:.0f} %" if strength else str(other)
        print(f"{len(self.places)} of {len(first.rows)} questions tell the export from the other one ({changed})\n")

    def _differ(self, index):
        for own, other in (self.known, self.known[::-1]):
            row = other.rows[index]
            answer = {"score": [row["score"]], "mask_png_bytes": [row["png"]], "status": [b"OK"]}
            if not own.wrong([own.rows[index]], answer):
                return False
        return True

    def wrong(self, which, places, outputs):
        """Why these are not the answers of one of the two; "" if they are."""
        return self.known[which].wrong([self.known[which].rows[place] for place in places], outputs)


class Timeline:
    """Which export each version is, and when it may answer."""

    def __init__(self):
        self.which, self.since, self.replaced, self.gone = {}, {}, {}, {}
        self.latest = None

    def appears(self, number, which):
        """To be called before a good version appears; it replaces the latest."""
        now = time.monotonic()
        if self.latest is not None:
            self.replaced[self.latest] = now
        self.which[number], self.since[number] = which, now

    def answers(self, number, old=None):
        """To be called once it is available and the old one is unloaded."""
        self.latest = number
        if old is not None:
            self.gone[old] = time.monotonic()

    def between(self, start, end):
        """The exports that may answer a request without a version, made between two moments."""
        numbers = [n for n, since in list(self.since.items()) if since <= end and self.gone.get(n, math.inf) >= start]
        return {self.which[number] for number in numbers}


class VersionLoad:
    """Requests from several threads, half of them with a version's number, each answer compared."""

    def __init__(self, server, exports, timeline):
        self.server, self.exports, self.timeline = server, exports, timeline
        self.stopped, self.lock, self.clients, self.threads = threading.Event(), threading.Lock(), {}, []
        self.samples, self.failures = [], []
        self.pinned, self.too_late = 0, 0

    def client(self, url, version):
        """The client for an address and a version."""
        with self.lock:
            if (url, version) not in self.clients:
                self.clients[url, version] = Client(url, self.server.name, version=version, timeout=60.0, retries=0)
            return self.clients[url, version]

    def ask(self, chance):
        """One request; returns what is wrong."""
        places = chance.sample(self.exports.places, min(chance.choice((1, 1, 3)), len(self.exports.places)))
        version = chance.choice((None, self.timeline.latest))
        client = self.client(chance.choice((self.server.rest, self.server.grpc)), version)
        known = self.exports.known[0]
        start = time.monotonic()
        try:
            outputs = client.predict(known.inputs_of([known.rows[place] for place in places]), "segment", OUTPUTS)
        except (ServingError, ValueError) as error:
            replaced = self.timeline.replaced.get(version, math.inf) <= time.monotonic()
            if replaced and isinstance(error, ServingError) and error.code in GONE:
                self.too_late += 1
                return ""
            return f"{type(error).__name__}: {error}"
        finally:
            self.samples.append((start, time.monotonic() - start))
        if version is not None:
            self.pinned += 1
            problem = self.exports.wrong(self.timeline.which[version], places, outputs)
            return f"version {version} was asked: {problem}" if problem else ""
        allowed = self.timeline.between(start, time.monotonic())
        problems = [self.exports.wrong(which, places, outputs) for which in sorted(allowed)]
        return "" if "" in problems else f"the latest version was asked: {problems}"

    def work(self, seed):
        """One thread."""
        chance = random.Random(seed)
        while not self.stopped.is_set():
            problem = self.ask(chance)
            if problem:
                self.failures.append(problem)

    def start(self, count):
        """Starts this many threads."""
        self.threads = [threading.Thread(target=self.work, args=(seed,), daemon=True) for seed in range(count)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Ends them."""
        self.stopped.set()
        for thread in self.threads:
            thread.join(90)
