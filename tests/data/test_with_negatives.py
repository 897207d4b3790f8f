import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, ShapesSource, build_dataset
from kmm.data.mixture import Mixture
from kmm.data.one_prompt_each import OnePromptEach
from kmm.data.source_wrapper import SourceWrapper
from kmm.data.weighted import Weighted
from kmm.data.with_negatives import WithNegatives, content_words, names_a_thing
from kmm.preprocessing import PromptTokenizer

PHRASES = (
    ("the red car on the left", "car"),
    ("two dogs", "the black dog"),
    ("a man with an umbrella", "umbrella"),
    ("the tree", "large green tree"),
    ("left", "the tall one"),
)
NEVER = {"left", "the tall one"}  # they name no thing


class Drawn:
    """Pictures with phrases; the mask of every phrase is 1, with a column of 255."""

    task, class_names, splits = "referring", (), ("train", "val")

    def __init__(self, phrases=PHRASES, name="a"):
        self.phrases, self.name = phrases, name

    def num_examples(self, split):
        return len(self.phrases)

    def all_prompts(self, split, index):
        return [(text, "own") for text in self.phrases[index]]

    def example(self, split, index, epoch=0, num_prompts=1):
        texts = tuple(self.phrases[index][(epoch + k) % len(self.phrases[index])] for k in range(num_prompts))
        masks = np.ones((num_prompts, 4, 6), np.uint8)
        masks[..., 0] = 255
        return Example(np.full((4, 6, 3), index, np.uint8), texts, masks, ("own",) * num_prompts)

    def phrase(self, split, index, number):
        return self.example(split, index, number)

    def prompts(self, split, limit=2000):
        return [text for of_picture in self.phrases for text in of_picture][:limit]


class Records(Drawn):
    """The same pictures, read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        phrases = tf.ragged.constant(self.phrases)

        def read(epoch, index, crop_key=None):
            texts = tf.gather(phrases, index)
            numbers = (epoch + tf.range(num_prompts, dtype=tf.int64)) % tf.size(texts, tf.int64)
            return {
                "images": tf.fill((4, 6, 3), tf.cast(index, tf.uint8)),
                "prompts": tf.gather(texts, numbers),
                "segmentation_masks": tf.tile(tf.constant([[[255] + [1] * 5]], tf.uint8), (num_prompts, 4, 1)),
                "kinds": tf.fill((num_prompts,), "own"),
            }

        return read

    def phrase_reader(self, split, crop=None, image_size=None):
        read = self.reader(split, 1)
        return lambda index, number, crop_key=None: read(number, index)


def examples(source, split="train", epochs=1, num_prompts=1):
    for epoch in range(epochs):
        for index in range(source.num_examples(split)):
            yield index, source.example(split, index, epoch, num_prompts)


def test_absent_phrases_share_no_content_word_with_the_picture_and_have_empty_masks():
    source, absent = WithNegatives(Drawn(), ratio=0.5), []
    for index, example in examples(source, epochs=50, num_prompts=2):
        own = content_words(" ".join(PHRASES[index]))
        for text, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
            assert (mask[:, 0] == 255).all()
            assert (mask[:, 1:] == (0 if kind == "absent" else 1)).all()
            if kind == "absent":
                assert text in source.prompts("train") and not content_words(text) & own
                absent.append((index, text))
            else:
                assert kind == "own" and text in PHRASES[index]
        assert (example.image == index).all() and example.segmentation_masks.dtype == np.uint8
    others = {(i, text) for i in range(5) for j in range(5) if i != j for text in PHRASES[j] if text not in NEVER}
    assert set(absent) == others  # each of them comes up


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.7, 1.0])
def test_the_ratio_holds(ratio):
    source = WithNegatives(Records(), ratio)
    read = source.reader("train", 3)
    dataset = tf.data.Dataset.range(1000).map(lambda position: read(position // 5, position % 5)["kinds"])
    kinds = np.array(list(dataset.as_numpy_iterator())) == b"absent"
    error = 5 * np.sqrt(max(ratio * (1 - ratio), 1e-9) / kinds.size)
    np.testing.assert_allclose(kinds.mean(), ratio, atol=error)
    np.testing.assert_allclose(kinds.mean(axis=0), ratio, atol=2 * error)  # in each place


def test_the_same_seed_gives_the_same_examples_and_another_one_others():
    runs = [
        [example.prompts for _, example in examples(WithNegatives(Drawn(), 0.5, seed), epochs=6, num_prompts=2)]
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1] != runs[2]
    kinds = [example.kinds for _, example in examples(WithNegatives(Drawn(), 0.5), epochs=8)]
    assert len({tuple(kinds[start : start + 5]) for start in range(0, 40, 5)}) > 3  # anew in each epoch


def test_only_the_splits_that_are_named():
    source = WithNegatives(Drawn(), ratio=1.0)
    assert all(example.kinds == ("absent",) for _, example in examples(source))
    assert all(example.kinds == ("own",) for _, example in examples(source, "val"))
    source = WithNegatives(Drawn(), ratio=1.0, splits=("val",))
    assert all(example.kinds == ("own",) for _, example in examples(source))
    assert all(example.kinds == ("absent",) for _, example in examples(source, "val"))


def test_a_picture_for_which_nothing_fits_keeps_its_phrases():
    phrases = (("red car", "dog on a tree", "umbrella"), ("dogs",), ("the red umbrella",))
    source = WithNegatives(Drawn(phrases), ratio=1.0)
    kinds = [example.kinds for _, example in examples(source, num_prompts=2)]
    assert kinds == [("own", "own"), ("absent", "absent"), ("absent", "absent")]
    assert {text for _, e in examples(source, epochs=9) for text in e.prompts if e.kinds[0] == "absent"} == {
        "red car",
        "umbrella",
        "the red umbrella",
        "dog on a tree",
        "dogs",
    }


WORDS = [word for a in "bcdfghklmn" for b in "aou" for c in "bdgklmnprt" if content_words(word := a + b + c)]


@pytest.mark.slow
@hypothesis.given(st.integers(0, 2**32))
@hypothesis.settings(max_examples=10, deadline=None)
def test_no_word_is_shared_however_many_words_there_are(seed):
    """Nearly 300 words for 256 bits: words that share a bit only make phrases rarer."""
    rng = np.random.default_rng(seed)
    phrases = [[" ".join(rng.choice(WORDS, 3)) for _ in range(4)] for _ in range(60)]
    source, count = WithNegatives(Drawn(phrases), ratio=1.0), 0
    for index, example in examples(source):
        if example.kinds == ("absent",):
            count += 1
            assert not set(example.prompts[0].split()) & set(" ".join(phrases[index]).split())
    assert count >= 58


@pytest.mark.parametrize("num_prompts", [1, 3])
def test_the_graph_reads_the_same_examples_as_python(num_prompts):
    in_graph, in_python = (
        WithNegatives(Mixture([WithNegatives(kind(), 0.3), kind(PHRASES[:2], "b")], [1, 1]), 0.4, seed=3)
        for kind in (Records, Drawn)
    )
    read, absent = tf.function(in_graph.reader("train", num_prompts)), 0
    for epoch in range(3):
        for index in range(in_graph.num_examples("train")):
            parts = read(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))
            for source in (in_python, in_graph):
                example = source.example("train", index, epoch, num_prompts)
                np.testing.assert_array_equal(parts["images"], example.image)
                np.testing.assert_array_equal(parts["segmentation_masks"], example.segmentation_masks)
                assert tuple(text.decode() for text in parts["prompts"].numpy()) == example.prompts
                assert tuple(text.decode() for text in parts["kinds"].numpy()) == example.kinds
            absent += example.kinds.count("absent")
    assert 0.2 < absent / (21 * num_prompts) < 0.85
    assert hasattr(in_graph, "reader") and not hasattr(in_python, "reader")


def test_the_crop_reaches_the_reader():
    seen = []

    class Cropping(Records):
        def reader(self, split, num_prompts, crop=None, image_size=None):
            read = super().reader(split, num_prompts)
            return lambda epoch, index, crop_key=None: (seen.append((crop, image_size, crop_key)), read(epoch, index))[
                1
            ]

    zero = tf.constant(0, tf.int64)
    for split in ("train", "val"):
        WithNegatives(Cropping()).reader(split, 1, "crop", (8, 8))(zero, zero, "key")
    assert seen == [("crop", (8, 8), "key")] * 2


@pytest.mark.parametrize(
    "wrap",
    [
        lambda source: Mixture([source, Drawn((("umbrellas",), ("the mast of a ship",)), "b")], [1, 2]),
        lambda source: Weighted(source, [0, 1, 3, 0, 1]),
        lambda source: Weighted(WithNegatives(source, 0.0), "area"),
        OnePromptEach,
        lambda source: Mixture([Weighted(OnePromptEach(source), [0, 1] * 5), SourceWrapper(source)]),
    ],
)
def test_around_other_wrappers_the_words_of_the_picture_shown_count(wrap):
    inner = wrap(Drawn())
    source, absent = WithNegatives(inner, ratio=1.0), 0
    of_names = {"a": PHRASES, "b": (("umbrellas",), ("the mast of a ship",))}
    for epoch in range(4):
        for index in range(source.num_examples("train")):
            found, number = inner, index
            place = epoch
            while isinstance(found, SourceWrapper):
                found, number, place = found.find("train", number, place)
            example = source.example("train", index, epoch)
            own = content_words(" ".join(of_names[found.name][number]))
            assert example.kinds == ("absent",) and not content_words(example.prompts[0]) & own
            absent += 1
    assert absent == 4 * source.num_examples("train")


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
def test_data_sets_are_the_same_whatever_way_they_read_and_however_many_threads(training):
    tokenizer, runs = PromptTokenizer.adapt(Drawn().prompts("train"), sequence_length=6), []
    for kind, threads in ((Records, 0), (Drawn, 0), (Drawn, 1)):
        source = WithNegatives(Mixture([OnePromptEach(kind()), kind(name="b")]), 0.5, splits=("train", "val"))
        dataset = build_dataset(source, "train" if training else "val", 4, (4, 6), tokenizer, 2, training=training)
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        batches = list(dataset.with_options(options).take(8).as_numpy_iterator())
        runs.append([array for batch in batches for array in tf.nest.flatten(batch)])
        masks = np.concatenate([masks for _, masks in batches])
        assert len(masks) == (32 if training else 15)
        assert 0.2 < (masks[..., 1:] == 0).mean() < 0.8
    for run in runs[1:]:
        for array, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    "text, words",
    [
        ("The Cars", {"car"}),
        ("a car's wheel", {"car", "wheel"}),
        ("second man from the right", {"person"}),
        ("guys / ladies / people / children / kid", {"person"}),
        ("the one on the left-hand side, number 12", {"number"}),
        ("knife, knives and 3 gray mice", {"knif", "grei", "mou"}),
        ("t-shirt", {"shirt"}),
        ("glass, glasses", {"gla"}),
        ("bus buses", {"bu"}),
        ("Straßen", {"strassen"}),
        ("", set()),
        ("the 2nd ...", {"nd"}),
    ],
)
def test_content_words(text, words):
    assert content_words(text) == words


@pytest.mark.parametrize("one, many", [("dress", "dresses"), ("baby", "babies"), ("tree", "trees"), ("leaf", "leaves")])
def test_singular_and_plural_are_the_same_word(one, many):
    assert content_words(one) == content_words(many) != content_words("sky")


@pytest.mark.parametrize(
    "text, does",
    [
        ("red", False),
        ("tallest one standing in the middle", False),
        ("the third from the left", False),
        ("dark red wine", True),
        ("woman", True),
        ("", False),
    ],
)
def test_names_a_thing(text, does):
    assert names_a_thing(text) == does


def test_refuses_a_semantic_source():
    semantic = Drawn()
    semantic.task = "semantic"
    with pytest.raises(ValueError, match="need a referring source and a ratio.*Received: task='semantic', ratio=0.2"):
        WithNegatives(semantic)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_refuses_what_is_no_ratio(ratio):
    with pytest.raises(ValueError, match=f"Received: task='referring', ratio={ratio}"):
        WithNegatives(Drawn(), ratio)


@pytest.mark.parametrize("wrap", [lambda source: source, lambda source: Mixture([Drawn(), source])])
def test_refuses_sources_that_do_not_list_their_phrases(wrap):
    with pytest.raises(TypeError, match="lists the phrases.*`all_prompts`.*Received: ShapesSource. Sources that make"):
        WithNegatives(wrap(ShapesSource((32, 32), num_train=2)))


@pytest.mark.parametrize("phrases", [(("left", "the red one"), ("two",)), ((), ())])
def test_refuses_a_split_without_usable_phrases(phrases):
    count = sum(map(len, phrases))
    with pytest.raises(ValueError, match=f"phrases that name things. Received: {count} phrases in 'train' of a, none"):
        WithNegatives(Drawn(phrases))


def test_refuses_an_unknown_split():
    with pytest.raises(ValueError, match="A split of a is one of .*Received: split='best'"):
        WithNegatives(Drawn(), splits=("best",))


def test_refuses_phrases_that_suit_no_other_picture():
    with pytest.raises(ValueError, match="shares no word.*Received: 3 phrases in 'train' of a, none of which suits"):
        WithNegatives(Drawn((("dark nuclei", "the nuclei on the left"), ("dense nuclei",))))
