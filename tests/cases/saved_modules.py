"""Tiny modules in the form that TF-Hub has them, written by the tests themselves."""

import atexit
import pathlib
import shutil
import tempfile

import tensorflow as tf

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="kmm_tests_"))
"""Where the modules of the conformance cases lie until the tests are over."""

atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def new_module():
    """An object that stores its attributes, lists too, as a `tf.Module` does not."""
    return tf.train.Checkpoint()


def conv_backbone(size=None, lists=True, with_call=True, with_training=True):
    """Two convolutions with batch normalisation and a regularization loss for each kernel.

    `__call__(images, training, return_endpoints)` gives a vector, or a dict with maps of stride 2 and 4 beside it.
    """
    module = new_module()
    shapes = {"conv1": (3, 3, 3, 4), "conv2": (3, 3, 4, 6)}
    for name, shape in shapes.items():
        kernel = tf.random.stateless_normal(shape, seed=(len(name), shape[-1]), stddev=0.4)
        setattr(module, f"{name}_kernel", tf.Variable(kernel, name=f"{name}/kernel"))
        setattr(module, f"{name}_gamma", tf.Variable(tf.ones(shape[-1]), name=f"{name}/gamma"))
        setattr(module, f"{name}_beta", tf.Variable(tf.zeros(shape[-1]), name=f"{name}/beta"))
        setattr(module, f"{name}_mean", tf.Variable(tf.zeros(shape[-1]), trainable=False, name=f"{name}/mean"))
        setattr(module, f"{name}_variance", tf.Variable(tf.ones(shape[-1]), trainable=False, name=f"{name}/variance"))

    def block(x, name, training):
        x = tf.nn.conv2d(x, getattr(module, f"{name}_kernel"), 2, "SAME")
        mean, variance = getattr(module, f"{name}_mean"), getattr(module, f"{name}_variance")
        if training:
            batch_mean, batch_variance = tf.nn.moments(x, (0, 1, 2))
            mean.assign(0.9 * mean + 0.1 * batch_mean)
            variance.assign(0.9 * variance + 0.1 * batch_variance)
            mean, variance = batch_mean, batch_variance
        gamma, beta = getattr(module, f"{name}_gamma"), getattr(module, f"{name}_beta")
        return tf.nn.leaky_relu(tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3))

    def run(images, training=False, return_endpoints=False):
        fine = block(images, "conv1", training)
        coarse = block(fine, "conv2", training)
        vector = tf.reduce_mean(coarse, (1, 2))
        return {"stride_2": fine, "stride_4": coarse, "default": vector} if return_endpoints else vector

    call = tf.function(run, autograph=False)
    spec = tf.TensorSpec((None, size, size, 3), name="images")
    for training in (False, True) if with_training else (False,):
        for return_endpoints in (False, True):
            call.get_concrete_function(spec, training=training, return_endpoints=return_endpoints)
    if with_call:
        module.__call__ = call
    if lists:
        names = ("kernel", "gamma", "beta")
        module.trainable_variables = [getattr(module, f"{block}_{name}") for block in shapes for name in names]
        module.variables = module.trainable_variables + [
            getattr(module, f"{block}_{name}") for block in shapes for name in ("mean", "variance")
        ]
    module.regularization_losses = [_penalty(getattr(module, f"{name}_kernel")) for name in shapes]
    signature = tf.function(lambda images: {"vector": run(images)}, input_signature=[spec], autograph=False)
    return module, {"serving_default": signature}


def word_vectors(folder, words=("red", "green", "circle")):
    """From strings to vectors, by a vocabulary file and a lookup table; an unknown word has a vector too."""
    vocabulary = pathlib.Path(folder) / "words.txt"
    vocabulary.parent.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
    module = new_module()
    start = tf.lookup.TextFileInitializer(
        str(vocabulary), "string", tf.lookup.TextFileIndex.WHOLE_LINE, "int64", tf.lookup.TextFileIndex.LINE_NUMBER
    )
    module.table = tf.lookup.StaticVocabularyTable(start, num_oov_buckets=1)
    vectors = tf.random.stateless_normal((len(words) + 1, 4), seed=(1, 2))
    module.vectors = tf.Variable(vectors, name="vectors")
    module.variables = module.trainable_variables = [module.vectors]
    module.__call__ = tf.function(
        lambda words: tf.gather(module.vectors, module.table.lookup(words)),
        input_signature=[tf.TensorSpec((None,), "string")],
        autograph=False,
    )
    return module, {}


def write(folder, module, signatures):
    """Write a module where a test wants it; the path as a string."""
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return str(folder)


def _penalty(kernel):
    return tf.function(lambda: 0.01 * tf.reduce_sum(kernel**2), input_signature=[], autograph=False)


CONV_BACKBONE = write(FOLDER / "conv_backbone", *conv_backbone())
