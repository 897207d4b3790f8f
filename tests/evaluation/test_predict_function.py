import keras
import numpy as np
import tensorflow as tf

from kmm import decoders, encoders, heads, models
from kmm.evaluation.predict_function import predict_function


def test_logits_and_nan_counts(make_model):
    model = make_model(3)
    spec = {"images": tf.TensorSpec((None, 32, 32, 3), "uint8")}
    predict = predict_function(model, 2, spec)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), "uint8")
    for count in (3, 1):
        logits, nan_counts = predict({"images": images[:count]})
        assert logits.shape == (count, 2, 32, 32, 3)
        np.testing.assert_array_equal(nan_counts, np.zeros((count, 2)))
        np.testing.assert_allclose(logits[:, 1], model({"images": images[:count]}), rtol=1e-4, atol=1e-2)
    assert predict.experimental_get_tracing_count() == 1
    model.trainable_weights[-1].assign([0.0, np.nan, 0.0])
    np.testing.assert_array_equal(predict({"images": images})[1], np.full((3, 2), 32 * 32))


def test_of_several_heads_the_masks_count():
    model = models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder((16, 16), widths=(4, 4)),
        decoder=decoders.FCNDecoder(filters=4, levels=("P2",)),
        heads={
            "segmentation_masks": heads.SegmentationHead(1, name="first"),
            "depth": heads.SegmentationHead(5, name="second"),
        },
    )
    predict = predict_function(model, 1, {"images": tf.TensorSpec((None, 16, 16, 3), "uint8")})
    assert predict({"images": keras.ops.zeros((2, 16, 16, 3), "uint8")})[0].shape == (2, 1, 16, 16, 1)
