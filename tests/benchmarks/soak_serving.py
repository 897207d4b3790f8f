"""Minutes of load with hostile requests among the good ones: `python tests/benchmarks/soak_serving.py EXPORT`.

Starts `kmm serve` in a process of its own and keeps it busy from several threads, over REST and gRPC. Every answer to
a good request is compared with what the bare C++ session says; during all of it one request in a hundred is hostile
(`hostile_requests.py`) and must get an error of its own or a status in its row. The memory of the server is sampled
each second. Prints a table of the hostile kinds, a table of verdicts with their bars, and ends with 1 if one is missed.
`--output DIR` keeps soak.json, soak.png and the server's log. `--quick` takes 30 seconds.
"""

import argparse
import collections
import json
import pathlib
import random
import shutil
import statistics
import sys
import threading
import time

from hostile_requests import HostileRequests
from known_answers import KnownAnswers, default_prompts, model_card, newest_version, read_photographs
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from serve_process import ServeProcess

from kmm.serving import Client, ServingError

GROWTH = 1.05
"""The bar of memory: median of the last fifth of the time over that of the second fifth."""

SLOW_SECONDS = 80
"""How long the server waits for a request that does not come, and a little more."""

SHAPES = ((1, 1), (1, 4), (6, 6), (1, 8))
"""Good requests: over how many neighbouring questions the rows are spread, and number of rows."""


class Soak:
    """What the threads share: counts, failures, samples."""

    def __init__(self, server, known, hostile, share):
        self.server, self.known, self.hostile, self.share = server, known, hostile, share
        self.clients = [Client(url, server.name, timeout=60.0, retries=0) for url in (server.rest, server.grpc)]
        self.lock, self.good, self.failures, self.rows = threading.Lock(), 0, [], 0
        self.outcomes, self.wrong_outcomes = collections.defaultdict(collections.Counter), []
        self.kinds, self.slow_threads, self.samples = [], [], []
        self.can_ask = "ask" in self.clients[1].metadata()["signatures"]

    def work(self, end, seed):
        """One thread: good requests, and a hostile one now and then."""
        chance = random.Random(seed)
        while time.monotonic() < end and self.server.process.poll() is None:
            if chance.random() < self.share:
                self.send_hostile(self.next_kind(chance, late=time.monotonic() > end - SLOW_SECONDS))
            else:
                self.send_good(chance)

    def next_kind(self, chance, late):
        """All kinds come equally often, in an order of chance; near the end none that the server waits for."""
        with self.lock:
            while True:
                if not self.kinds:
                    self.kinds = list(self.hostile.kinds)
                    chance.shuffle(self.kinds)
                kind = self.kinds.pop()
                if not (late and kind in self.hostile.slow):
                    return kind

    def send_hostile(self, kind):
        """Sends one; one that waits for the server to close the connection gets a thread of its own."""
        if kind in self.hostile.slow and threading.current_thread() not in self.slow_threads:
            thread = threading.Thread(target=self.note_hostile, args=(kind,), daemon=True)
            self.slow_threads.append(thread)
            thread.start()
        else:
            self.note_hostile(kind)

    def note_hostile(self, kind):
        """Sends one and notes what came back."""
        outcome, allowed = self.hostile.send(kind)
        with self.lock:
            self.outcomes[kind][outcome] += 1
            if not allowed:
                self.wrong_outcomes.append((kind, outcome))

    def send_good(self, chance):
        """Sends one good request and compares its answer."""
        spread, count = chance.choice(SHAPES)
        first, client = chance.randrange(len(self.known.rows)), chance.choice(self.clients)
        questions = [self.known.rows[(first + 5 * step % spread) % len(self.known.rows)] for step in range(count)]
        try:
            if self.can_ask and client is self.clients[1] and chance.random() < 0.1:
                problem = self.encode_and_ask(client, questions[0])
            else:
                outputs = client.predict(
                    self.known.inputs_of(questions), "segment", ["score", "present", "mask_png_bytes", "status"]
                )
                problem = self.known.wrong(questions, outputs)
        except (ServingError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
        with self.lock:
            self.good += 1
            self.rows += count
            if problem:
                self.failures.append(problem)

    def encode_and_ask(self, client, question):
        """The picture encoded first, then asked: the same score."""
        features = client.predict({"image_bytes": [question["image_bytes"]]}, "encode_image", None)
        features = {name: value for name, value in features.items() if name not in ("image_size", "status")}
        words = {"prompt": [question["prompt"].encode()]} if self.known.with_words else {}
        score = float(client.predict({**features, **words}, "ask", None)["score"][0])
        close = abs(score - float(question["score"])) <= 0.01
        return "" if close else f"ask: score {score:.4f} instead of {float(question['score']):.4f}"

    def watch(self, end):
        """Samples memory, open files and answered requests each second."""
        start = time.monotonic()
        while (now := time.monotonic()) < end:
            sample = {"seconds": round(now - start, 2), "mib": round(self.server.memory(), 1)}
            self.samples.append({**sample, "files": self.server.count_files(), "good": self.good})
            time.sleep(max(0.0, start + len(self.samples) - time.monotonic()))


def run(soak, seconds, num_threads):
    """The load, hostile requests among it all the time; those that the server waits for come once at the beginning."""
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=soak.work, args=(end, seed), daemon=True) for seed in range(num_threads)]
    for thread in threads:
        thread.start()
    for kind in soak.hostile.slow:
        soak.send_hostile(kind)
    soak.watch(end)
    for thread in threads + soak.slow_threads:
        thread.join(max(1.0, end + 2 * SLOW_SECONDS - time.monotonic()))


def verdicts(soak, exit_status, log):
    """Rows of what is asked, what was found, the bar, and whether it is met."""
    memory = [sample["mib"] for sample in soak.samples]
    fifth = max(1, len(memory) // 5)
    early, late = statistics.median(memory[fifth : 2 * fifth] or memory), statistics.median(memory[-fifth:])
    files = [sample["files"] for sample in soak.samples]
    hostile = sum(sum(counts.values()) for counts in soak.outcomes.values())
    per_second = soak.samples[-1]["good"] / max(soak.samples[-1]["seconds"], 1e-9)
    rightly = soak.good - len(soak.failures)
    identical = 100 * soak.known.identical / max(soak.known.checked, 1)
    tracebacks = log.count("Traceback (most recent call last)")
    good = f"{rightly} of {soak.good} ({soak.rows} rows, {per_second:.1f} requests/s; {identical:.2f} % same bytes)"
    return [
        ("good requests answered rightly", good, "all", not soak.failures),
        ("hostile requests refused, or told by a status", f"{hostile - len(soak.wrong_outcomes)} of {hostile}", "all",
         not soak.wrong_outcomes),
        ("kinds of hostile requests sent", f"{len(soak.outcomes)} of {len(soak.hostile.kinds)}", "all",
         len(soak.outcomes) == len(soak.hostile.kinds)),
        ("memory, last fifth over second fifth", f"{late:.0f} / {early:.0f} MiB = {late / max(early, 1):.3f}, "
         f"peak {max(memory):.0f} MiB", f"<= {GROWTH}", late <= GROWTH * early),
        ("open files, end over start", f"{files[-1]} / {files[0]}", "<= start + 50", files[-1] <= files[0] + 50),
        ("server alive, and ends by itself on SIGTERM", f"exit status {exit_status}", "0", exit_status == 0),
        ("tracebacks in the log", str(tracebacks), "0", tracebacks == 0),
    ]  # fmt: skip


def plot(soak, path):
    """Memory and answered requests over time."""
    figure = Figure(figsize=(9, 5.4), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    memory, rate = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    seconds = [sample["seconds"] for sample in soak.samples]
    memory.plot(seconds, [sample["mib"] for sample in soak.samples], color="#1f5fa8", linewidth=1.2)
    memory.set_ylabel("memory of the server, MiB")
    memory.set_ylim(bottom=0)
    counts = [sample["good"] for sample in soak.samples]
    step = 5
    rates = [(counts[i] - counts[i - step]) / (seconds[i] - seconds[i - step]) for i in range(step, len(counts))]
    rate.plot(seconds[step:], rates, color="#1f5fa8", linewidth=1.2)
    rate.set_ylabel("good requests/s")
    rate.set_xlabel("seconds")
    rate.set_ylim(bottom=0)
    for axes in (memory, rate):
        axes.grid(alpha=0.25, linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png")


def main():
    """Soak, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=pathlib.Path, help="folder of an export, or of one version")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--photographs", nargs="*", type=pathlib.Path, default=[], help="folders; default: drawn")
    parser.add_argument("--prompts", nargs="*", help="default: words of the export's vocabulary")
    parser.add_argument("--threads", type=int, default=8, help="requests at a time (default: 8)")
    parser.add_argument("--share", type=float, default=0.01, help="of hostile requests (default: 0.01)")
    parser.add_argument("--output", type=pathlib.Path, help="folder for soak.json, soak.png and serve.log")
    parser.add_argument("--quick", action="store_true", help="30 seconds, 20 %% hostile")
    args = parser.parse_args()
    if args.quick:
        args.minutes, args.share = 0.5, 0.2
    version = newest_version(args.export)
    photographs = read_photographs(args.photographs)
    known = KnownAnswers(version, photographs, args.prompts or default_prompts(version, args.photographs))
    with ServeProcess(version) as server:
        hostile = HostileRequests(server.rest, server.grpc, server.name, photographs[0], model_card(version))
        soak = Soak(server, known, hostile, args.share)
        run(soak, 60 * args.minutes, args.threads)
        exit_status, log = server.stop(), server.log()
    print("| hostile request | sent | what it got | may be |\n|---|---|---|---|")
    wrong_kinds = {kind for kind, _ in soak.wrong_outcomes}
    for kind, counts in soak.outcomes.items():
        got = ", ".join(f"{outcome} ({count})" for outcome, count in counts.most_common())
        print(f"| {kind} | {sum(counts.values())} | {got} | {'NO' if kind in wrong_kinds else 'yes'} |")
    rows = verdicts(soak, exit_status, log)
    print(f"\n{args.minutes:g} minutes, {args.threads} requests at a time, {100 * args.share:g} % hostile\n")
    print("| what | found | bar | met |\n|---|---|---|---|")
    for what, found, bar, met in rows:
        print(f"| {what} | {found} | {bar} | {'yes' if met else 'NO'} |")
    for failure, count in collections.Counter(soak.failures).most_common(8):
        print(f"failed {count} times: {failure}")
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        content = {"verdicts": rows, "hostile": soak.outcomes, "failures": soak.failures, "samples": soak.samples}
        (args.output / "soak.json").write_text(json.dumps(content, indent=1) + "\n")
        plot(soak, args.output / "soak.png")
        shutil.copyfile(server.log_path, args.output / "serve.log")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
