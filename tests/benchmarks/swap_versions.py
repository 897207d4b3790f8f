"""New and damaged versions under load: `python tests/benchmarks/swap_versions.py EXPORT`.

Starts `kmm serve` on a copy of the export as version 1 and keeps it busy over REST and gRPC, with every answer compared
with what the bare C++ session says. Then, in rounds: a new version appears, and must answer while no request fails and
the old one is unloaded; a damaged version appears, in another way each round, and the old one must go on answering
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
import threading
import time

import numpy as np
from known_answers import KnownAnswers, default_prompts, newest_version, read_photographs
from serve_process import ServeProcess

from kmm.serving import Client, ServingError

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


class Load:
    """Requests from several threads, each answer compared."""

    def __init__(self, server, known):
        self.known, self.stopped = known, threading.Event()
        self.samples, self.failures = [], []
        self.clients = [Client(url, server.name, timeout=60.0, retries=0) for url in (server.rest, server.grpc)]
        self.threads = []

    def work(self, seed):
        """One thread."""
        chance = random.Random(seed)
        while not self.stopped.is_set():
            questions = chance.sample(self.known.rows, chance.choice((1, 1, 3)))
            start = time.monotonic()
            try:
                outputs = chance.choice(self.clients).predict(
                    self.known.inputs_of(questions), "segment", ["score", "present", "mask_png_bytes", "status"]
                )
                problem = self.known.wrong(questions, outputs)
            except (ServingError, ValueError) as error:
                problem = f"{type(error).__name__}: {error}"
            self.samples.append((start, time.monotonic() - start))
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

    def appears(self, source, number, old):
        """A good version appears: it answers, and the old one is unloaded."""
        self.note(
            f"version {number} appears",
            lambda: add_version(source, self.base, number),
            lambda: self.state(number)[0] == "AVAILABLE" and self.state(old)[0] in ("END", ""),
            lambda: f"{number} AVAILABLE, {old} END",
        )
        shutil.rmtree(self.base / str(old))

    def damaged(self, source, number, latest, damage):
        """A damaged version appears: the latest one goes on answering, log and status say why."""
        self.note(
            f"version {number} appears: {damage.__doc__.rstrip('.')}",
            lambda: add_version(source, self.base, number, damage),
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

    def mended(self, source, number):
        """The files of a damaged version are replaced by good ones: it answers."""

        def mend():
            os.rename(self.base / str(number), self.base / "damaged")
            add_version(source, self.base, number)

        self.note(f"version {number} is mended", mend, lambda: self.state(number)[0] == "AVAILABLE")


def run(events, source, rounds):
    """Good and damaged versions in turns."""
    latest = 1
    for index in range(rounds):
        old, latest = latest, 2 * index + 2
        events.appears(source, latest, old)
        events.damaged(source, latest + 1, latest, DAMAGES[index % len(DAMAGES)])
        if index + 1 < rounds:
            events.removed(latest + 1)
    events.mended(source, latest + 1)


def main():
    """Swap, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=pathlib.Path, help="folder of an export, or of one version")
    parser.add_argument("--photographs", nargs="*", type=pathlib.Path, default=[], help="folders; default: drawn")
    parser.add_argument("--rounds", type=int, default=len(DAMAGES), help=f"default: {len(DAMAGES)}")
    parser.add_argument("--threads", type=int, default=4, help="requests at a time (default: 4)")
    parser.add_argument("--quick", action="store_true", help="two rounds")
    args = parser.parse_args()
    source, rounds = newest_version(args.export), 2 if args.quick else args.rounds
    known = KnownAnswers(source, read_photographs(args.photographs, 6), default_prompts(source, args.photographs, 4))
    with tempfile.TemporaryDirectory(prefix="kmm_swap_") as folder:
        add_version(source, pathlib.Path(folder), 1)
        with ServeProcess(folder, "--poll-seconds", 0.2) as server, Client(server.rest, server.name) as client:
            load = Load(server, known)
            events = Events(server, client, load, pathlib.Path(folder))
            load.start(args.threads)
            time.sleep(3)
            try:
                run(events, source, rounds)
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
    met = not load.failures and not events.misses and status == 0
    print(
        f"\n{len(load.samples)} requests, {len(load.failures)} failed; the server's exit status is {status}; ", end=""
    )
    print("every bar is met" if met else "A BAR IS MISSED")
    for failure, count in collections.Counter(load.failures).most_common(5):
        print(f"failed {count} times: {failure}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
