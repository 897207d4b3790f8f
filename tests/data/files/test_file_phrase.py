import pytest

from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.mask_spec import MaskSpec
from kmm.preprocessing import PromptTokenizer


@pytest.mark.parametrize(
    "text",
    [
        "the red car",
        "\u05d4\u05db\u05dc\u05d1 \u05de\u05e9\u05de\u05d0\u05dc",
        "\U0001f415 left",
        "tab\tand\x01bell\x00",
        "a" * 4096,
        "\u00e9" * 2048,
    ],
)
def test_what_is_allowed_goes_through_the_tokenizer(text):
    phrase = FilePhrase((text,), None)
    assert phrase.texts == (text,) and phrase.kind == "absent"
    tokens = PromptTokenizer(["left", "car"], sequence_length=4)(list(phrase.texts))
    assert tokens["padding_mask"].numpy().any()


@pytest.mark.parametrize(
    "texts, error, message",
    [
        ((), ValueError, "at least one text. Received: none"),
        (("a", 3), TypeError, "must be texts. Received: 3"),
        ((None,), TypeError, "must be texts. Received: None"),
        (("",), ValueError, "must not be blank. Received: ''"),
        ((" \n\t",), ValueError, "must not be blank"),
        (("a" * 4097,), ValueError, r"at most 4096 bytes.*Received: 4097 bytes, 'aaa.*\.\.\. Shorten"),
        (("\u00e9" * 2049,), ValueError, "Received: 4098 bytes"),
        (
            ("a dog \ud800",),
            ValueError,
            r"valid Unicode. Received: 'a dog \\ud800' \(surrogates not allowed\).*position 6",
        ),
    ],
)
def test_what_is_not(texts, error, message):
    with pytest.raises(error, match=message):
        FilePhrase(texts, None)


def test_kinds():
    assert FilePhrase(("a",), None, "relation").kind == "relation"
    with pytest.raises(TypeError, match="its kind must be texts. Received: 5"):
        FilePhrase(("a",), None, 5)


def test_the_kind_where_none_is_given():
    mask = MaskSpec("mask.png")
    assert FilePhrase(("a dog",), None).kind == "absent" and FilePhrase(("a dog",), mask).kind == "phrase"
    assert FilePhrase(("a dog",), None, "joke").kind == "joke"
