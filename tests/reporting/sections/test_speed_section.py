import types

import numpy as np

from kmm.reporting.sections import speed_section as module


def test_speed_and_size(referring, change, monkeypatch, tmp_path, parse):
    monkeypatch.setattr(module, "_latency", lambda context: 12.34)
    (tmp_path / "model.keras").write_bytes(bytes(3 * 2**20))
    model = types.SimpleNamespace(count_params=lambda: 1234, trainable_weights=[np.zeros((3, 4)), np.zeros(5)])
    section = module.speed_section(change(referring, model=model, file=lambda name: tmp_path / name))
    assert section.data == {
        "images_per_second": 20.0, "prompts_each": 2, "batch_size": 3, "latency_ms": 12.34, "parameters": 1234,
        "trainable_parameters": 17, "file_bytes": 3 * 2**20,
    }  # fmt: skip
    text = parse("".join(section.blocks)).text
    assert "12.3 ms" in text and "1,234, of which 17" in text and "3.0 MiB" in text
    without_file = parse("".join(module.speed_section(change(referring, model=model)).blocks)).text
    assert "model.keras" not in without_file
