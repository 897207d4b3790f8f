import concurrent.futures

import numpy as np
import pytest
import tensorflow as tf

from kmm.export import SavedModelSession


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved_model")
    module = tf.Module()
    module.scale = tf.Variable(3.0)

    def answer(texts, numbers):
        tf.debugging.assert_equal(tf.shape(texts)[0], tf.shape(numbers)[0], "one number for each text")
        with tf.control_dependencies([tf.debugging.assert_non_negative(numbers, "no negative number")]):
            return {
                "texts": tf.strings.join([texts, texts], "+"),
                "products": tf.cast(numbers, "float32") * module.scale,
                "large": tf.cast(numbers, "uint8") > 2,
            }

    specs = [tf.TensorSpec([None, None], "string", "texts"), tf.TensorSpec([None], "int32", "numbers")]
    module.answer = tf.function(answer, input_signature=specs)
    tf.saved_model.save(module, path, signatures={"serving_default": module.answer, "other": module.answer})
    return path


@pytest.mark.parametrize("signature_name", ["serving_default", "other"])
def test_numbers_and_strings_both_ways(saved_model, signature_name):
    texts = np.array([[b"", b"\x00\xff"], [b"x" * 100_000, "é".encode()]], object)
    with SavedModelSession(saved_model) as session:
        for _ in range(3):
            outputs = session.run({"texts": texts, "numbers": [1, 5]}, signature_name)
    assert outputs["texts"].tolist() == [[text + b"+" + text for text in row] for row in texts.tolist()]
    np.testing.assert_array_equal(outputs["products"], np.array([3.0, 15.0], "float32"))
    np.testing.assert_array_equal(outputs["large"], [False, True])
    assert outputs["products"].dtype == "float32" and outputs["large"].dtype == "bool"


def test_empty_batch(saved_model):
    with SavedModelSession(saved_model) as session:
        outputs = session.run({"texts": np.empty((0, 2), object), "numbers": []})
    assert outputs["texts"].shape == (0, 2) and outputs["products"].shape == (0,)


def test_the_models_own_errors_are_told(saved_model):
    with SavedModelSession(saved_model) as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="no negative number"):
            session.run({"texts": [[b"a"]], "numbers": [-1]})
        assert session.run({"texts": [[b"a"]], "numbers": [2]})["products"] == [6.0]


def test_some_outputs_only(saved_model):
    with SavedModelSession(saved_model) as session:
        outputs = session.run({"texts": [[b"a"]], "numbers": [2]}, output_names=["products"])
        assert list(outputs) == ["products"]
        with pytest.raises(ValueError, match="output_names must be among .*'products'"):
            session.run({"texts": [[b"a"]], "numbers": [2]}, output_names=["missing"])


def test_several_threads_share_a_session(saved_model):
    def ask(number):
        if number % 5 == 0:
            with pytest.raises(tf.errors.InvalidArgumentError, match="no negative number"):
                session.run({"texts": [[b"a"]], "numbers": [-1]})
            return number
        return session.run({"texts": [[b"a"]], "numbers": [number]})["products"][0] / 3

    with SavedModelSession(saved_model, config=tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1)) as session:
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            assert list(threads.map(ask, range(200))) == list(range(200))


def test_wrong_names(saved_model):
    with SavedModelSession(saved_model) as session:
        with pytest.raises(ValueError, match=r"signature_name must be one of .*'other'"):
            session.run({}, "missing")
        with pytest.raises(ValueError, match=r"\['numbers', 'texts'\]. Received: \['texts'\]"):
            session.run({"texts": [[b"a"]]})
    with pytest.raises(ValueError, match=r"Received: tags=\['gpu'\]. Stored: \[\['serve'\]\]"):
        SavedModelSession(saved_model, tags=("gpu",))


def test_finds_what_pythons_loader_hides(tmp_path):
    """Weights held only by Keras load in Python and are missing for a server."""
    import keras

    module = tf.Module()
    module.dense = keras.layers.Dense(2)
    module.dense.build((None, 3))
    spec = tf.TensorSpec((None, 3), "float32", name="x")
    module.answer = tf.function(lambda x: {"y": module.dense(x)}, input_signature=[spec])
    tf.saved_model.save(module, tmp_path, signatures={"serving_default": module.answer})
    loaded = tf.saved_model.load(tmp_path)
    assert tuple(loaded.answer(tf.ones((1, 3)))["y"].shape) == (1, 2)
    with SavedModelSession(tmp_path) as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="Could not find variable"):
            session.run({"x": np.ones((1, 3))})


def test_close_twice(saved_model):
    session = SavedModelSession(saved_model)
    session.close()
    assert session.close() is None  # and the process lives
    with pytest.raises(ValueError, match="A session must be open to run"):
        session.run({"texts": [[b"a"]], "numbers": [2]})


def test_strings_that_are_no_bytes(saved_model):
    with (
        SavedModelSession(saved_model) as session,
        pytest.raises(TypeError, match="texts must hold bytes. Received: str"),
    ):
        session.run({"texts": [["a"]], "numbers": [2]})
