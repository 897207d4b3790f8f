"""All metrics on two replicas, in a process of its own: logical devices are set before TensorFlow starts."""

import subprocess
import sys

import pytest

PROGRAM = """
import inspect
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, kmm
from kmm.metrics.segmentation_metric import SegmentationMetric
from kmm.utils.replicated_model import ReplicatedModel

rng = np.random.default_rng(0)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
classes = [getattr(kmm.metrics, name) for name in kmm.metrics.__all__ if isinstance(getattr(kmm.metrics, name), type)]
has_classes = lambda cls: "num_classes" in inspect.signature(cls).parameters
of_masks = [cls for cls in classes if issubclass(cls, SegmentationMetric)]
of_masks = {
    3: [lambda cls=cls: cls(num_classes=3) for cls in of_masks if has_classes(cls)],
    1: [cls for cls in of_masks if not has_classes(cls) or cls is kmm.metrics.PixelAccuracy],
}

def compare(found, expected, name):
    assert np.isfinite(expected).all() and np.max(expected) > 0, name
    np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)
    print(name)

# 7 samples in batches of 4: the replicas get 2 and 2, then 2 and 1.
for channels, makers in of_masks.items():
    labels = rng.choice([*range(max(channels, 2)), 255], (7, 4, 5)).astype("uint8")
    labels[:2] = 0
    logits = rng.normal(size=(7, 4, 5, channels)).astype("float32")
    logits[0] = -9.0
    weights = np.arange(6.0, -1.0, -1.0, dtype="float32")
    results = {}
    for scope in (strategy.scope, tf.init_scope):
        with scope():
            inputs = keras.Input((4, 5, channels))
            model = ReplicatedModel(inputs, keras.layers.Activation("linear")(inputs))
            plain, weighted = ([maker() for maker in makers] for _ in range(2))
            for metric in weighted:
                metric.name = "weighted_" + metric.name
            loss = lambda y_true, y_pred: keras.ops.mean(y_pred, axis=tuple(range(1, len(y_pred.shape))))
            model.compile(loss=loss, metrics=plain, weighted_metrics=weighted)
        data = tf.data.Dataset.from_tensor_slices((logits, labels, weights)).batch(4)
        results[scope] = model.evaluate(data, return_dict=True, verbose=0)
    for name, expected in results[tf.init_scope].items():
        if "loss" not in name:
            compare(results[strategy.scope][name], expected, name)

boxes = np.sort(rng.uniform(size=(2, 7, 2, 2)), axis=-2).reshape(2, 7, 4).astype("float32")
boxes[1, :3] = 0.9 * boxes[0, :3]
similarities = rng.normal(size=(7, 9)).astype("float32")
other_inputs = {
    "BoxAccuracy": (*boxes,),
    "BoxMeanIoU": (*boxes,),
    "RecallAtK": (rng.integers(0, 2, (7, 9)).astype(bool), similarities),
    "TopKAccuracy": (rng.integers(0, 9, 7), similarities),
}
others = {cls.__name__: cls for cls in classes if not issubclass(cls, SegmentationMetric)}
assert set(others) == set(other_inputs), others
for name, cls in others.items():
    alone = cls()
    alone.update_state(*other_inputs[name])
    with strategy.scope():
        mirrored = cls()
    update = tf.function(lambda *batch: strategy.run(mirrored.update_state, args=batch))
    batches = tf.data.Dataset.from_tensor_slices(other_inputs[name]).batch(4)
    for batch in strategy.experimental_distribute_dataset(batches):
        update(*batch)
    compare(mirrored.result(), alone.result(), name)
print("equal")
"""


@pytest.mark.slow
def test_all_metrics_on_two_replicas():
    """Through `model.evaluate` where labels are maps, and through `strategy.run` elsewhere."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.strip().endswith("equal"), done.stdout + done.stderr[-3000:]
