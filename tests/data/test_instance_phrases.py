import collections

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data.class_list import ClassList
from kmm.data.files.cropped_mask import CroppedMask
from kmm.data.instance_phrases import InstancePhrases

NOUNS = ClassList.from_json([{"name": "dog"}, {"name": "cat"}, {"name": "sky", "stuff": True}]).entries
DOG, CAT, SKY = range(3)
SIZE = (40, 100)


def box(top, left, bottom, right, size=SIZE):
    mask = np.zeros(size, np.uint8)
    mask[top:bottom, left:right] = 1
    return CroppedMask(mask)


def targets(*objects, **options):
    """What can be asked by the first wording, as `{text: (kind, objects)}`; absent categories left out."""
    masks, categories = zip(*objects, strict=True)
    phrases = InstancePhrases(SIZE, masks, categories, NOUNS, **options)
    return {t.texts[0]: (t.kind, t.objects) for t in phrases.targets if t.kind != "absent"}


def test_one_object():
    left, middle, right = box(10, 5, 30, 25), box(10, 40, 30, 60), box(10, 80, 30, 99)
    assert targets((left, DOG)) == {"the dog": ("class", (0,)), "the dog on the left": ("position", (0,))}
    assert targets((middle, DOG)) == {"the dog": ("class", (0,)), "the dog in the middle": ("position", (0,))}
    assert targets((right, DOG)) == {"the dog": ("class", (0,)), "the dog on the right": ("position", (0,))}
    assert targets((box(10, 25, 30, 50), DOG)) == {"the dog": ("class", (0,))}


def test_several_objects():
    objects = ((box(10, 5, 30, 25), DOG), (box(10, 80, 20, 90), DOG), (box(0, 85, 8, 95), DOG))
    assert targets(*objects) == {
        "the dogs": ("class", (0, 1, 2)),
        "the dog on the left": ("position", (0,)),
        "the dogs on the right": ("position", (1, 2)),
        "the leftmost dog": ("position", (0,)),
        "the largest dog": ("size", (0,)),
    }


def test_touching_objects_are_told_apart():
    assert targets((box(10, 10, 30, 50), DOG), (box(10, 50, 30, 60), DOG)) == {
        "the dogs": ("class", (0, 1)),
        "the leftmost dog": ("position", (0,)),
        "the rightmost dog": ("position", (1,)),
        "the largest dog": ("size", (0,)),
    }


def test_unclear_extremes_are_not_asked_for():
    """The centre of the second is further left, but the first reaches further left."""
    assert "the leftmost dog" not in targets((box(10, 2, 30, 60), DOG), (box(10, 15, 14, 25), DOG))
    assert "the leftmost dog" not in targets((box(10, 10, 30, 20), DOG), (box(10, 16, 30, 26), DOG))
    assert "the largest dog" not in targets((box(0, 0, 10, 10), DOG), (box(0, 50, 10, 64), DOG))


def test_stuff():
    found = targets((box(0, 0, 10, 100), SKY), (box(20, 40, 24, 60), SKY))
    assert found == {"the sky": ("class", (0, 1)), "the largest area of sky": ("size", (0,))}


def test_crowds_do_not_count():
    crowd = box(0, 50, 20, 100)
    objects = ((box(10, 5, 30, 25), DOG), (crowd, DOG), (box(0, 60, 20, 90), CAT))
    masks, categories = zip(*objects, strict=True)
    phrases = InstancePhrases(SIZE, masks, categories, NOUNS, crowds=(False, True, False), negatives=0)
    by_kind = {(t.kind, t.texts[0]): t for t in phrases.targets}
    assert ("class", "the dogs") in by_kind and ("class", "the cat") in by_kind
    assert not [kind for kind, text in by_kind if "dog" in text and kind in ("position", "size")]
    for seed in range(10):
        for text, mask in drawn(phrases, seed, 6):
            expected = np.zeros(SIZE, np.uint8)
            if "dog" in text:
                crowd.paint(expected, 255)
                objects[0][0].paint(expected)
            else:
                objects[2][0].paint(expected)
            np.testing.assert_array_equal(mask, expected)


def drawn(phrases, seed, num_prompts):
    texts, _, masks = phrases.draw(np.random.default_rng(seed), num_prompts)
    return zip(texts, masks, strict=True)


def test_small_and_unclear_categories():
    speck, large = box(0, 0, 1, 1), box(10, 5, 30, 25)
    assert "the cat" not in targets((speck, CAT), (large, DOG))
    assert targets((speck, CAT), absent=())["the cat"] == ("class", (0,))
    assert targets((large, DOG), incomplete=(DOG,), absent=()) == {"the dogs": ("class", (0,))}
    assert targets((box(0, 0, 0, 0), DOG), absent=()) == {"the dogs": ("class", ())}
    phrases = InstancePhrases(SIZE, [box(0, 0, 0, 0), large], [DOG, DOG], NOUNS)
    assert [t.texts[0] for t in phrases.targets if t.kind != "absent"] == ["the dogs"]


def test_sentences():
    objects = ((box(10, 5, 30, 25), DOG), (box(0, 0, 0, 0), CAT))
    found = targets(*objects, sentences=(("the sleepy one", "asleep"), ("nowhere",)))
    assert found["the sleepy one"] == ("phrase", (0,)) and "nowhere" not in found


def test_absent_categories():
    phrases = InstancePhrases(SIZE, [box(10, 5, 30, 25)], [DOG], NOUNS)
    absent = {text for t in phrases.targets if t.kind == "absent" for text in t.texts}
    assert {"the cat", "the leftmost cat", "all cats", "the sky"} <= absent and not any(
        "dog" in text for text in absent
    )
    known = InstancePhrases(SIZE, [], [], NOUNS, absent=(CAT,))
    assert {t.texts[0] for t in known.targets} == {"the cat"}
    texts, kinds, masks = known.draw(np.random.default_rng(0), 3)
    assert len(set(texts)) == 3 and kinds == ("absent",) * 3 and not masks.any()


def test_the_share_of_negatives():
    objects = [(box(10, 5, 30, 25), DOG), (box(10, 80, 20, 90), CAT)]
    masks, categories = zip(*objects, strict=True)
    for share in (0, 0.25, 1):
        phrases = InstancePhrases(SIZE, masks, categories, NOUNS, negatives=share)
        kinds = collections.Counter(k for seed in range(500) for k in phrases.draw(np.random.default_rng(seed), 4)[1])
        assert abs(kinds["absent"] / 2000 - share) < 0.03
    only_absent = InstancePhrases(SIZE, [], [], NOUNS, negatives=0)
    assert set(only_absent.draw(np.random.default_rng(0), 4)[1]) == {"absent"}


BOXES = st.tuples(
    st.integers(0, 35), st.integers(0, 90), st.integers(1, 20), st.integers(1, 40), st.sampled_from([DOG, CAT])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BOXES, min_size=1, max_size=5), st.integers(0, 99), st.integers(1, 8))
def test_every_phrase_is_true(boxes, seed, num_prompts):
    masks = [box(top, left, min(top + high, 40), min(left + wide, 100)) for top, left, high, wide, _ in boxes]
    categories = [category for *_, category in boxes]
    phrases = InstancePhrases(SIZE, masks, categories, NOUNS)
    texts, kinds, found = phrases.draw(np.random.default_rng(seed), num_prompts)
    assert len(texts) == len(kinds) == len(found) == num_prompts
    full = [mask.paint(np.zeros(SIZE, np.uint8)) for mask in masks]
    areas, columns = [mask.area for mask in masks], [mask.centre[1] for mask in masks]
    for text, kind, mask in zip(texts, kinds, found, strict=True):
        its = [i for i in range(len(boxes)) if categories[i] == (DOG if "dog" in text else CAT)]
        if kind == "absent":
            assert not mask.any() and ("sky" in text or not its)
        elif kind == "class":
            np.testing.assert_array_equal(mask, np.maximum.reduce([full[i] for i in its]))
        elif kind == "size":
            np.testing.assert_array_equal(mask, full[max(its, key=areas.__getitem__)])
        elif "most" in text or "thest" in text:
            end = min if "left" in text else max
            np.testing.assert_array_equal(mask, full[end(its, key=columns.__getitem__)])
        else:
            side = next(side for side in ("left", "right", "middle", "centre") if side in text)
            assert mask.any() and {"left": mask[:, 50:], "right": mask[:, :50]}.get(side, mask[:, :28]).sum() == 0
            on_side = [i for i in its if (mask[full[i] == 1] == 1).all()]
            np.testing.assert_array_equal(mask, np.maximum.reduce([full[i] for i in on_side]))


def test_the_draw_depends_on_the_generator_alone():
    phrases = InstancePhrases(SIZE, [box(10, 5, 30, 25)], [DOG], NOUNS)
    one, again, other = (phrases.draw(np.random.default_rng(seed), 5)[0] for seed in (1, 1, 2))
    assert one == again != other


def test_memory():
    phrases = InstancePhrases(SIZE, [box(10, 5, 30, 25), box(0, 0, 2, 3)], [DOG, DOG], NOUNS)
    assert phrases.nbytes == 20 * 20 + 6
