"""Tiny text modules in the forms that TF-Hub has, written by the tests themselves."""

import tensorflow as tf

from tests.cases.saved_modules import FOLDER, new_module, write

WORDS = ("red", "green", "circle")
BERT_NAMES = {"token_ids": "input_word_ids", "padding_mask": "input_mask", "segment_ids": "input_type_ids"}


def _table(folder):
    """A lookup table from a vocabulary file; an unknown word has an id of its own."""
    vocabulary = folder / "words.txt"
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    start = tf.lookup.TextFileInitializer(str(vocabulary), "string", whole, "int64", number)
    return tf.lookup.StaticVocabularyTable(start, num_oov_buckets=1)


def sentence_vectors(folder, per_word=False):
    """From strings to the mean of their words' vectors, as nnlm does, or to the vector of each word, zeros for none."""
    module = new_module()
    module.table = _table(folder)
    module.vectors = tf.Variable(tf.random.stateless_normal((len(WORDS) + 1, 4), seed=(1, 2)), name="vectors")
    module.variables = module.trainable_variables = [module.vectors]

    def call(prompts):
        words = tf.strings.split(prompts).to_tensor("")
        real = tf.cast(words != "", "float32")[..., None]
        steps = tf.gather(module.vectors, module.table.lookup(words)) * real
        return steps if per_word else tf.reduce_sum(steps, 1) / tf.maximum(tf.reduce_sum(real, 1), 1.0)

    module.__call__ = tf.function(call, input_signature=[tf.TensorSpec((None,), "string")], autograph=False)
    return module, {}


def bert(length=None, vocabulary_size=9, pooled=True, steps=True):
    """From a dict of token ids, mask and segments to a dict, as TF-Hub's BERT; `scale` is an argument of the call."""
    module = new_module()
    module.embedding = tf.Variable(tf.random.stateless_normal((vocabulary_size, 4), seed=(3, 4)), name="embedding")
    module.segments = tf.Variable(tf.random.stateless_normal((2, 4), seed=(5, 6)), name="segments")
    module.kernel = tf.Variable(tf.random.stateless_normal((4, 6), seed=(7, 8)), name="kernel")
    module.variables = module.trainable_variables = [module.embedding, module.segments, module.kernel]

    def call(inputs, training=False, scale=1.0):
        x = tf.gather(module.embedding, inputs["input_word_ids"]) + tf.gather(module.segments, inputs["input_type_ids"])
        real = tf.cast(inputs["input_mask"], "float32")[..., None]
        x = x + tf.reduce_sum(x * real, 1, keepdims=True) / tf.maximum(tf.reduce_sum(real, 1, keepdims=True), 1.0)
        sequence = scale * tf.tanh(tf.tensordot(x, module.kernel, 1))
        outputs = {"encoder_outputs": [x, sequence]}
        if steps:
            outputs["sequence_output"] = sequence
        if pooled:
            outputs["pooled_output"] = outputs["default"] = sequence[:, 0]
        return outputs

    module.__call__ = tf.function(call, autograph=False)
    specs = {name: tf.TensorSpec((None, length), "int32", name=name) for name in BERT_NAMES.values()}
    for training in (False, True):
        for scale in (1.0, 2.0):
            module.__call__.get_concrete_function(specs, training=training, scale=scale)
    return module, {}


SENTENCES = write(FOLDER / "sentences", *sentence_vectors(FOLDER / "vocabulary"))
BERT = write(FOLDER / "bert", *bert())
