"""A compiled function from inputs to logits."""

import tensorflow as tf

from kmm.preprocessing.mask_outputs import segmentation_logits


def predict_function(model, num_prompts, input_spec):
    """Compiles the prediction of a model for several prompts per picture.

    Convolutions are not given to XLA, which is many times slower for them on CPUs, and an incomplete last batch does
    not compile anew.

    Args:
        model: a `kmm.models.MultimodalModel`; of several heads the segmentation masks are taken.
        num_prompts: prompts for each picture.
        input_spec: the inputs' `tf.TensorSpec`s by name, as in the `element_spec` of a data set.

    Returns:
        a function from inputs to float32 logits `(batch, num_prompts, height, width, classes)` and to the number of
        nan values for each prompt, `(batch, num_prompts)`.
    """
    asked = model.for_prompts(num_prompts)

    def predict(inputs):
        logits = segmentation_logits(asked(inputs, training=False))
        return logits, tf.math.count_nonzero(tf.math.is_nan(logits), axis=(2, 3, 4))

    return tf.function(predict, input_signature=[input_spec], autograph=False, jit_compile=False)
