import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.encoders import SavedModelTextEncoder
from kmm.layers import SavedModelLayer
from tests.cases.saved_text_modules import BERT, BERT_NAMES, SENTENCES, WORDS, bert, new_module, sentence_vectors, write

PROMPTS = ["red circle", "Green, circle!", "", "circle circle red green"]
TOKEN_IDS = np.array([[5, 3, 7, 0, 0], [2, 8, 0, 0, 0], [0, 0, 0, 0, 0], [4, 6, 1, 3, 2]], "int32")
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": TOKEN_IDS != 0}


def ask(encoder, prompts=PROMPTS):
    inputs = prompts if isinstance(prompts, dict) else {"prompts": tf.constant(prompts)}
    return {key: np.asarray(value) for key, value in encoder(inputs).items()}


def vectors_of(encoder, words):
    """Rows of the table of the module; the last is that of unknown words."""
    (vectors,) = encoder.get_weights()
    return vectors[[WORDS.index(word) if word in WORDS else len(WORDS) for word in words]].reshape(-1, 4)


def test_a_whole_prompt_is_one_step():
    encoder = SavedModelTextEncoder(SENTENCES)
    outputs = ask(encoder)
    assert outputs["sequence"].shape == (4, 1, 4) and outputs["padding_mask"].tolist() == [
        [True],
        [True],
        [False],
        [True],
    ]
    for row, prompt in enumerate(PROMPTS):
        words = prompt.split()
        expected = vectors_of(encoder, words).mean(axis=0) if words else np.zeros(4)
        np.testing.assert_allclose(outputs["pooled"][row], expected, rtol=1e-6)
        np.testing.assert_allclose(outputs["sequence"][row, 0], expected, rtol=1e-6)


def test_words_asked_one_by_one():
    encoder = SavedModelTextEncoder(SENTENCES, sequence_length=3)
    outputs = ask(encoder)
    cleaned = [["red", "circle"], ["Green", "circle"], [], ["circle", "circle", "red"]]
    for row, (prompt, words) in enumerate(zip(PROMPTS, cleaned, strict=True)):
        expected = np.zeros((3, 4))
        expected[: len(words)] = vectors_of(encoder, words)
        np.testing.assert_allclose(outputs["sequence"][row], expected, rtol=1e-6)
        assert outputs["padding_mask"][row].tolist() == [number < len(words) for number in range(3)]
        whole = vectors_of(encoder, prompt.split()).mean(axis=0) if prompt else np.zeros(4)
        np.testing.assert_allclose(outputs["pooled"][row], whole, rtol=1e-6)


def test_a_module_that_gives_the_words_itself(tmp_path):
    folder = write(tmp_path / "module", *sentence_vectors(tmp_path, per_word=True))
    encoder = SavedModelTextEncoder(folder)
    outputs = ask(encoder)
    assert outputs["sequence"].shape == (4, 4, 4)
    assert outputs["padding_mask"].sum(axis=1).tolist() == [2, 2, 0, 4]
    for row, prompt in enumerate(PROMPTS):
        words = vectors_of(encoder, prompt.split())
        np.testing.assert_allclose(outputs["sequence"][row, : len(words)], words, rtol=1e-6)
        np.testing.assert_allclose(outputs["pooled"][row], words.mean(axis=0) if len(words) else np.zeros(4), rtol=1e-5)
    with pytest.raises(ValueError, match="a vector for each word itself. Received: sequence_length=3"):
        SavedModelTextEncoder(folder, sequence_length=3)


def numpy_bert(encoder, ids):
    weights = {weight.name: weight.numpy() for weight in encoder.weights}
    x = weights["embedding"][ids] + weights["segments"][0]
    return np.tanh((x + x.mean(axis=0)) @ weights["kernel"])


def test_token_ids():
    encoder = SavedModelTextEncoder(BERT, token_inputs=BERT_NAMES, vocabulary_size=9)
    assert sorted(encoder.input) == ["padding_mask", "token_ids"] and encoder.max_sequence_length is None
    outputs = ask(encoder, TOKENS)
    for row, mask in enumerate(TOKENS["padding_mask"]):
        assert not outputs["sequence"][row, mask.sum() :].any()
        if mask.any():
            expected = numpy_bert(encoder, TOKEN_IDS[row, mask])
            np.testing.assert_allclose(outputs["sequence"][row, : mask.sum()], expected, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(outputs["pooled"][row], expected[0], rtol=1e-5, atol=1e-6)
    assert not outputs["pooled"][2].any()


def test_token_ids_of_fixed_length(tmp_path):
    folder = write(tmp_path / "module", *bert(length=5, pooled=False))
    encoder = SavedModelTextEncoder(folder, sequence_length=5, token_inputs=BERT_NAMES)
    assert encoder.max_sequence_length == 5
    outputs = ask(encoder, TOKENS)
    np.testing.assert_allclose(outputs["pooled"][0], outputs["sequence"][0, :3].mean(axis=0), rtol=1e-5)
    with pytest.raises(ValueError, match=r"\(None, 5\) int32.*for one of fixed length give sequence_length"):
        SavedModelTextEncoder(folder, token_inputs=BERT_NAMES)


def test_token_ids_with_one_vector_for_all(tmp_path):
    folder = write(tmp_path / "module", *bert(steps=False))
    encoder = SavedModelTextEncoder(folder, token_inputs=BERT_NAMES)
    outputs = ask(encoder, TOKENS)
    assert outputs["sequence"].shape == (4, 1, 6)
    assert outputs["padding_mask"].tolist() == [[True], [True], [False], [True]]
    np.testing.assert_array_equal(outputs["sequence"][:, 0], outputs["pooled"])
    named = SavedModelTextEncoder(
        folder, token_inputs=BERT_NAMES, sequence_output="encoder_outputs/1", arguments={"scale": 2.0}
    )
    np.testing.assert_allclose(ask(named, TOKENS)["pooled"], 2 * outputs["pooled"], rtol=1e-6)


@pytest.mark.parametrize("trainable", [True, False])
def test_trains_unless_frozen(trainable):
    encoder = SavedModelTextEncoder(SENTENCES, sequence_length=3, trainable=trainable)
    before = encoder.get_weights()[0]
    outputs = encoder({"prompts": keras.Input((), dtype="string")})
    model = keras.Model(encoder.input, keras.layers.Dense(1)(encoder.output["pooled"]))
    assert tuple(outputs["sequence"].shape) == (None, 3, 4)
    model.compile(keras.optimizers.AdamW(0.1), "mse")
    model.train_on_batch({"prompts": tf.constant(PROMPTS)}, np.ones((4, 1)))
    assert np.any(encoder.get_weights()[0] != before) == trainable


def test_errors_of_arguments():
    with pytest.raises(ValueError, match="sequence_length must be at least 1. Received: sequence_length=0"):
        SavedModelTextEncoder(SENTENCES, sequence_length=0)
    for wrong in ({"token_ids": "a"}, {**BERT_NAMES, "other": "b"}):
        with pytest.raises(ValueError, match="token_inputs must name .* BERT's are"):
            SavedModelTextEncoder(BERT, token_inputs=wrong)
    with pytest.raises(ValueError, match="brings its own arguments"):
        SavedModelTextEncoder(SavedModelLayer(BERT), token_inputs=BERT_NAMES, arguments={"scale": 2.0})


def test_errors_of_inputs():
    with pytest.raises(ValueError, match="input_word_ids.*give its names of the inputs, such as token_inputs="):
        SavedModelTextEncoder(BERT)
    with pytest.raises(ValueError, match="It takes: .*string"):
        SavedModelTextEncoder(SENTENCES, token_inputs=BERT_NAMES)
    with pytest.raises(ValueError, match="know every id that the tokenizer gives. Received: vocabulary_size=10"):
        SavedModelTextEncoder(BERT, token_inputs=BERT_NAMES, vocabulary_size=10)


def test_errors_of_outputs(tmp_path):
    for name, rank in (("sequence_output", 3), ("pooled_output", 2)):
        for wrong in ("other", "encoder_outputs/0" if rank == 2 else "default"):
            with pytest.raises(
                ValueError, match=f"{name} must name an output of rank {rank}. Received: {name}='{wrong}'"
            ):
                SavedModelTextEncoder(BERT, token_inputs=BERT_NAMES, **{name: wrong})
    module = new_module()
    module.variables = module.trainable_variables = []
    signature = [tf.TensorSpec((None,), "string")]
    module.__call__ = tf.function(lambda x: {"length": tf.strings.length(x)}, input_signature=signature)
    with pytest.raises(ValueError, match=r"must give vectors.*Received: .*'length': \(None,\)"):
        SavedModelTextEncoder(write(tmp_path / "module", module, {}))


def test_a_module_that_needs_tensorflow_text(tmp_path, monkeypatch):
    text = pytest.importorskip("tensorflow_text")
    module = new_module()
    module.vectors = tf.Variable(tf.random.normal((20, 4)))
    module.variables = module.trainable_variables = [module.vectors]
    module.__call__ = tf.function(
        lambda x: tf.gather(module.vectors, tf.strings.to_hash_bucket_fast(text.case_fold_utf8(x), 20)),
        input_signature=[tf.TensorSpec((None,), "string")],
        autograph=False,
    )
    folder = write(tmp_path / "module", module, {})
    outputs = ask(SavedModelTextEncoder(folder), ["RED car", "red car"])
    np.testing.assert_array_equal(outputs["pooled"][0], outputs["pooled"][1])

    def without_the_operations(*args):
        raise tf.errors.NotFoundError(None, None, "Op type not registered 'CaseFoldUTF8' in binary")

    monkeypatch.setattr(tf.saved_model, "load", without_the_operations)
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(ImportError, match=r"""operation 'CaseFoldUTF8'.*pip install "kmm\[text\]"""):
        SavedModelTextEncoder(folder)
