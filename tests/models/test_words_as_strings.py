"""Models that read strings or word pieces, from data to export."""

import io

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kmm import data, encoders, evaluation, losses, models
from kmm.cli.main import main
from kmm.export import SavedModelSession, export_saved_model
from kmm.preprocessing import PromptTokenizer, RawPrompts, WordPieceTokenizer
from tests.cases.saved_modules import write
from tests.cases.saved_text_modules import BERT_NAMES, SENTENCES, bert

SOURCE = data.ShapesSource(image_size=(32, 32))
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "blue", "circle", "square", "##s", "left"]
PROMPTS = ["red circle", "blue squares", "", "the one on the left"]


def make_model(tokenizer, text_encoder):
    encoder = ("ConvImageEncoder", {"widths": (4, 6), "blocks": 0})
    options = {"fusion": "ConcatFusion", "fusion_filters": 8, "decoder_filters": 4}
    return models.segmenter((32, 32), 1, tokenizer, image_encoder=encoder, text_encoder=text_encoder, **options)


def strings(folder):
    return make_model(RawPrompts(), encoders.SavedModelTextEncoder(SENTENCES, sequence_length=6, name="text_encoder"))


def saved_bert(folder):
    module = write(folder / "module", *bert(vocabulary_size=len(PIECES)))
    options = {"source": module, "token_inputs": BERT_NAMES}
    return make_model(WordPieceTokenizer(PIECES, sequence_length=8), ("SavedModelTextEncoder", options))


def hub_bert(folder):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12, "max_sequence_length": 8}
    backbone = keras_hub.models.BertBackbone(vocabulary_size=len(PIECES), **sizes)
    return make_model(WordPieceTokenizer(PIECES, sequence_length=8), ("KerasHubTextEncoder", {"backbone": backbone}))


@pytest.mark.slow
@pytest.mark.parametrize("make", [strings, saved_bert, hub_bert])
def test_from_data_to_export(make, tmp_path):
    model = make(tmp_path)
    text_encoder = model.context_encoders["text"]
    before = text_encoder.get_weights()
    options = {"batch_size": 2, "image_size": (32, 32), "tokenizer": model.prompt_tokenizer, "num_prompts": 2}
    trained = model.for_prompts(2)
    trained.compile(keras.optimizers.AdamW(1e-2), losses.BinaryCrossEntropyDice())
    trained.fit(
        data.build_dataset(SOURCE, "train", training=True, **options), steps_per_epoch=2, verbose=0, shuffle=False
    )
    assert any(np.any(new != old) for new, old in zip(text_encoder.get_weights(), before, strict=True))
    scores = evaluation.evaluate(model, SOURCE, "val", num_prompts=2, batch_size=2, limit=2, verbose=0)
    assert 0 <= scores["overall_iou"] <= 1 and scores["shuffled_prompts"]["num_samples"] == 4

    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, safe_mode=make is hub_bert)
    assert loaded.prompt_tokenizer.get_config() == model.prompt_tokenizer.get_config()
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype="uint8"))
    inputs = {"images": images, **model.prompt_tokenizer(PROMPTS)}
    expected = model(inputs)
    assert len(np.unique(np.asarray(expected).std(axis=(1, 2)))) > 1
    np.testing.assert_array_equal(loaded(inputs), expected)

    photographs = np.array([tf.io.encode_png(image).numpy() for image in images], object)
    exported = export_saved_model(loaded, tmp_path / "exported", verify=False)
    with SavedModelSession(exported) as session:
        outputs = session.run({"image_bytes": photographs, "prompt": np.array([p.encode() for p in PROMPTS], object)})
    np.testing.assert_array_equal(outputs["mask"], np.asarray(expected)[..., 0] > 0)

    photograph = tmp_path / "photograph.png"
    Image.open(io.BytesIO(photographs[0])).save(photograph)
    arguments = ["--model", str(path), "--image", str(photograph), "--output", str(tmp_path / "mask.png")]
    trust = [] if make is hub_bert else ["--trust"]
    assert not main(["predict", *arguments, "--prompt", "red circle", "--prompt", "blue", *trust])
    assert (tmp_path / "mask-2.png").exists()


def test_the_tokenizer_must_suit_the_encoder():
    image_encoder = ("ConvImageEncoder", {"widths": (4, 6), "blocks": 0})
    words = PromptTokenizer(["red", "circle"], sequence_length=9)
    with pytest.raises(ValueError, match=r"PromptTokenizer, which gives .*'token_ids'.* for the inputs \['prompts'\]"):
        make_model(words, encoders.SavedModelTextEncoder(SENTENCES))
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12, "max_sequence_length": 8}
    backbone = keras_hub.models.BertBackbone(vocabulary_size=4, **sizes)
    with pytest.raises(ValueError, match="sequence_length=9, max_sequence_length=8 of the context encoder 'text'"):
        make_model(words, encoders.KerasHubTextEncoder(backbone))
    more = PromptTokenizer(["red", "circle", "square"], sequence_length=8)
    with pytest.raises(ValueError, match="vocabulary_size=5, vocabulary_size=4 of the context encoder"):
        make_model(more, encoders.KerasHubTextEncoder(backbone))
    with pytest.raises(ValueError, match="RawPrompts, which gives"):
        models.segmenter(
            (32, 32),
            1,
            RawPrompts(),
            image_encoder=image_encoder,
            text_encoder=("LSTMTextEncoder", {"vocabulary_size": 9}),
        )


def test_a_plain_text_encoder_does_not_read_strings():
    with pytest.raises(ValueError, match=r"LSTMTextEncoder takes .* Missing: \['vocabulary_size'\]"):
        make_model(RawPrompts(), "LSTMTextEncoder")
