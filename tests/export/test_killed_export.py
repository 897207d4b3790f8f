"""An export that is killed at any moment leaves no version that a server could not load."""

import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kmm.export import SavedModelSession

KILLS = 20

PROGRAM = """
import os, signal, sys, time

import keras
from kmm import decoders, encoders, fusion, heads, models
from kmm.export import export_saved_model
from kmm.preprocessing import PromptTokenizer

def export(directory, started):
    tokenizer = PromptTokenizer(["the", "red", "car"], sequence_length=4)
    model = models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder(image_size=(16, 16), widths=(4, 8)),
        context_encoders={"text": encoders.LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4)},
        fusions={"P2": fusion.ConcatFusion(filters=8)},
        decoder=decoders.FCNDecoder(filters=8, levels=("P2",)),
        heads={"segmentation_masks": heads.SegmentationHead(num_classes=1)},
        prompt_tokenizer=tokenizer,
    )
    os.write(started, b"x")
    export_saved_model(model, directory)

for line in sys.stdin:  # one process for each export, forked before TensorFlow starts threads
    reader, started = os.pipe()
    process = os.fork()
    if not process:
        code = 1
        try:
            export(sys.argv[1], started)
            code = 0
        finally:
            os._exit(code)
    os.close(started)
    os.read(reader, 1)
    os.close(reader)
    start = time.perf_counter()
    if float(line) >= 0:
        time.sleep(float(line))
        os.kill(process, signal.SIGKILL)  # where it has ended, nobody else has its number yet
    status = os.waitpid(process, 0)[1]
    print(status, time.perf_counter() - start, flush=True)
"""


class Exporter:
    """Exports in processes of their own."""

    def __init__(self, directory):
        command = [sys.executable, "-c", PROGRAM, directory]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.server = subprocess.Popen(command, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, **pipes)

    def export(self, seconds=-1.0):
        """Exports once, killed after so many seconds; gives the status of its process and the seconds it took."""
        self.server.stdin.write(f"{seconds}\n")
        self.server.stdin.flush()
        status, took = self.server.stdout.readline().split()
        return int(status), float(took)

    def close(self):
        self.server.stdin.close()
        self.server.kill()
        self.server.wait(30)
        self.server.stdout.close()


def ask(version):
    image = tf.io.encode_png(np.full((20, 30, 3), 200, "uint8")).numpy()
    with SavedModelSession(version) as session:
        outputs = session.run({"image_bytes": [image], "prompt": [b"the red car"]})
    assert outputs["mask"].shape == (1, 16, 16) and outputs["mask_png_bytes"][0].startswith(b"\x89PNG")


@pytest.mark.slow
def test_no_moment_shows_a_version_that_does_not_load(tmp_path):
    choose = random.Random(0)
    exporter = Exporter(tmp_path)
    try:
        status, seconds = exporter.export()
        assert status == 0 and [path.name for path in tmp_path.iterdir()] == ["1"]
        ask(tmp_path / "1")
        kills, leftovers = 0, 0
        for _ in range(3 * KILLS):
            before = {path.name for path in tmp_path.iterdir() if path.name.isdigit()}
            status, took = exporter.export(seconds * (kills + choose.random()) / KILLS)  # spread over the whole time
            assert status in (0, signal.SIGKILL)
            kills += status == signal.SIGKILL
            seconds = seconds if status else min(seconds, took)  # it was done before; computers are not always as busy
            names = {path.name for path in tmp_path.iterdir()}
            versions = {name for name in names if name.isdigit()}
            assert before <= versions <= before | {str(len(before) + 1)}
            for version in versions - before:
                ask(tmp_path / version)
            assert len(names - versions) <= 1, "what an earlier process left is removed by the next"
            leftovers += len(names - versions)
            if kills == KILLS:
                break
        assert kills == KILLS and leftovers >= KILLS // 4, "kills in the midst of writing"
        status, _ = exporter.export()
        assert status == 0
    finally:
        exporter.close()
    assert all(path.name.isdigit() for path in tmp_path.iterdir())
    for version in tmp_path.iterdir():
        ask(version)
