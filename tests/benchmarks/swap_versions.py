"""New and damaged versions under load: `python tests/benchmarks/swap_versions.py EXPORT`.

Starts `kmm serve` on a copy of the export as version 1 and keeps it busy over REST and gRPC, half of it with the
version's number, with every answer compared with what the bare C++ session says. Then, in rounds: a new version with
other weights appears, and must answer while no request fails and the old one is unloaded, so that an answer by the
wrong version is found out; versions are the export and another one (`--other`, or the export with changed weights) in
turns; a damaged version appears, in another way each round, and the old one must go on answering
while log and status say why. The last damaged version is mended and must then answer. Prints a table of events, the
latencies during and between them, and ends with 1 if anything failed. `--quick` does two rounds.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import numpy as np
from known_answers import default_prompts, newest_version, read_photographs
from serve_process import ServeProcess
from version_load import Timeline, TwoExports, VersionLoad

from kmm.serving import Client

SECONDS = 120
"""How long an event may take."""


def without_sums(folder):
    """Leaves the damage to TensorFlow itself to find."""
    (folder / "assets.extra" / "sha256.json").unlink(missing_ok=True)


def cut_graph(folder):
    """saved_model.pb cut in half, no checksums."""
    without_sums(folder)
    path = folder / "saved_model.pb"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_variables(folder):
    """variables missing, no checksums."""
    without_sums(folder)
    shutil.rmtree(folder / "variables")


def changed_weights(folder):
    """a byte of the weights changed."""
    path = next((folder / "variables").glob("*.data*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)


def no_graph(folder):
    """an empty folder."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def random_graph(folder):
    """saved_model.pb of random bytes."""
    (folder / "saved_model.pb").write_bytes(random.Random(0).randbytes(100_000))


def bad_warm_up(folder):
    """a warm-up file of random bytes, no checksums."""
    without_sums(folder)
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(random.Random(0).randbytes(5000))


DAMAGES = (cut_graph, changed_weights, no_variables, bad_warm_up, random_graph, no_graph)


def add_version(source, base, number, damage=None):
    """A copy of the export under a number; it appears in one step."""
    unfinished = base / f"unfinished-{number}"
    shutil.copytree(source, unfinished)
    if damage:
        damage(unfinished)
    os.rename(unfinished, base / str(number))


class Events:
    """What happens to the folder under load, and what it does."""

    def __init__(self, server, client, load, base):
        self.server, self.client, self.load, self.base = server, client, load, base
        self.timeline, self.sources = load.timeline, load.exports.sources
        self.rows, self.spans, self.misses = [], [], 0

    def state(self, number):
        """State and error message of a version; empty where the server does not know it."""
        entries = [entry for entry in self.client.status() if entry["version"] == number]
        return (entries[0]["state"], entries[0]["error_message"]) if entries else ("", "")

    def wait_for(self, condition):
        """Seconds until a condition holds; ends the script where it takes too long."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > SECONDS:
                raise SystemExit(f"this did not happen within {SECONDS} seconds\n{self.server.log()[-3000:]}")
            time.sleep(0.05)
        return time.monotonic() - start

    def note(self, what, begin, condition, told=lambda: ""):
        """One event: how long it took, the requests and failures meanwhile, and what the status says."""
        failures, start = len(self.load.failures), time.monotonic()
        begin()
        seconds = self.wait_for(condition)
        time.sleep(1)
        self.spans.append((start, time.monotonic()))
        requests = sum(begun >= start for begun, _ in self.load.samples)
        failed = len(self.load.failures) - failures
        self.rows.append(f"| {what} | {seconds:.1f} | {requests} | {failed} | {told()} |")

    def other(self):
        """Which of the two exports is not that of the latest version."""
        return 1 - self.timeline.which[self.timeline.latest]

    def is_swapped(self, number, old):
        """Whether a version answers, and the old one is unloaded; notes the moment."""
        swapped = self.state(number)[0] == "AVAILABLE" and self.state(old)[0] in ("END", "")
        if swapped:
            self.timeline.answers(number, old)
        return swapped

    def appears(self, number):
        """A good version with other weights appears: it answers, and the old one is unloaded."""
        old, which = self.timeline.latest, self.other()

        def begin():
            self.timeline.appears(number, which)
            add_version(self.sources[which], self.base, number)

        self.note(
            f"version {number} appears",
            begin,
            lambda: self.is_swapped(number, old),
            lambda: f"{number} AVAILABLE, {old} END",
        )
        shutil.rmtree(self.base / str(old))

    def damaged(self, number, damage):
        """A damaged version appears: the latest one goes on answering, log and status say why."""
        latest = self.timeline.latest
        self.note(
            f"version {number} appears: {damage.__doc__.rstrip('.')}",
            lambda: add_version(self.sources[self.other()], self.base, number, damage),
            lambda: self.state(number)[1] != "",
            lambda: self.state(number)[1].replace(str(self.base), "DIR").replace("|", "/")[:200],
        )
        said = f"version {number} cannot be loaded" in self.server.log()
        serving = self.state(latest)[0] == "AVAILABLE"
        if not (said and serving):
            self.misses += 1
            self.rows.append(f"| MISSED: log says why: {said}; version {latest} answers: {serving} | | | | |")

    def removed(self, number):
        """A damaged version is deleted, and forgotten."""
        shutil.rmtree(self.base / str(number))
        self.wait_for(lambda: self.state(number)[0] == "")

    def mended(self, number):
        """The files of a damaged version are replaced by good ones: it answers."""
        old, which = self.timeline.latest, self.other()

        def mend():
            os.rename(self.base / str(number), self.base / "damaged")
            self.timeline.appears(number, which)
            add_version(self.sources[which], self.base, number)

        self.note(f"version {number} is mended", mend, lambda: self.is_swapped(number, old))


def run(events, rounds):
    """Good and damaged versions in turns."""
    for index in range(rounds):
        good = 2 * index + 2
        events.appears(good)
        events.damaged(good + 1, DAMAGES[index % len(DAMAGES)])
        if index + 1 < rounds:
            events.removed(good + 1)
    events.mended(2 * rounds + 1)


def main():
    """Swap, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=pathlib.Path, help="folder of an export, or of one version")
    parser.add_argument("--other", type=pathlib.Path, help="export of the same inputs with other weights")
    parser.add_argument("--photographs", nargs="*", type=pathlib.Path, default=[], help="folders; default: drawn")
    parser.add_argument("--rounds", type=int, default=len(DAMAGES), help=f"default: {len(DAMAGES)}")
    parser.add_argument("--threads", type=int, default=4, help="requests at a time (default: 4)")
    parser.add_argument("--quick", action="store_true", help="two rounds")
    args = parser.parse_args()
    source, rounds = newest_version(args.export), 2 if args.quick else args.rounds
    other = newest_version(args.other) if args.other else None
    prompts = default_prompts(source, args.photographs, 4)
    with tempfile.TemporaryDirectory(prefix="kmm_swap_") as folder:
        base, spare = pathlib.Path(folder, "versions"), pathlib.Path(folder, "spare")
        exports = TwoExports(source, other, spare, read_photographs(args.photographs, 6), prompts)
        base.mkdir()
        add_version(source, base, 1)
        timeline = Timeline()
        timeline.appears(1, 0)
        timeline.answers(1)
        with ServeProcess(base, "--poll-seconds", 0.2) as server, Client(server.rest, server.name) as client:
            load = VersionLoad(server, exports, timeline)
            events = Events(server, client, load, base)
            load.start(args.threads)
            time.sleep(3)
            try:
                run(events, rounds)
                time.sleep(1)
            finally:
                load.stop()
            status = server.stop()
    print("| event | seconds | requests meanwhile | failed | what the status says |\n|---|---|---|---|---|")
    print(*events.rows, sep="\n")
    inside = [any(start <= at <= end for start, end in events.spans) for at, _ in load.samples]
    for name, chosen in (("during events", True), ("between", False)):
        times = [1000 * took for (_, took), own in zip(load.samples, inside, strict=True) if own == chosen]
        if times:
            p50, p99 = np.percentile(times, (50, 99))
            print(
                f"\nlatency {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {max(times):.0f} ms, {len(times)} requests"
            )
    met = not load.failures and not events.misses and status == 0 and load.pinned > 0
    print(
        f"\n{len(load.samples)} requests, {load.pinned} of them answered by the version that they named, "
        f"{load.too_late} named one that had just been replaced, {len(load.failures)} failed; "
        f"the server's exit status is {status}; ",
        end="",
    )
    print("every bar is met" if met else "A BAR IS MISSED")
    for failure, count in collections.Counter(load.failures).most_common(5):
        print(f"failed {count} times: {failure}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
