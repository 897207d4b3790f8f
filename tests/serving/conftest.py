"""One tiny export for all tests of serving."""

import fcntl
import io
import os

import keras
import numpy as np
import pytest
from PIL import Image

from kmm.decoders import FCNDecoder
from kmm.encoders import ConvImageEncoder, LSTMTextEncoder
from kmm.export import export_saved_model
from kmm.fusion import CrossAttentionFusion
from kmm.heads import SegmentationHead
from kmm.models.multimodal_model import MultimodalModel
from kmm.preprocessing import PromptTokenizer


def build_tiny_model(num_classes=1):
    """An untrained model of 16 x 16 pixels whose masks are neither empty nor full."""
    keras.utils.set_random_seed(1)
    tokenizer = PromptTokenizer(["the", "red", "car", "left"], sequence_length=4)
    model = MultimodalModel(
        image_encoder=ConvImageEncoder(image_size=(16, 16), widths=(4, 8)),
        context_encoders={"text": LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=4, units=4)},
        fusions={"P2": CrossAttentionFusion(filters=8, num_heads=2)},
        decoder=FCNDecoder(filters=8, levels=("P2",)),
        heads={"segmentation_masks": SegmentationHead(num_classes=num_classes)},
        prompt_tokenizer=tokenizer,
    )
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        if "kernel" in weight.path:
            weight.assign(weight.numpy() + generator.normal(0.0, 0.3, weight.shape))
    return model


def once_for_all_workers(request, tmp_path_factory, name, fill):
    """A folder filled by `fill(folder)` once in a test run, however many processes run it."""
    workers = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if workers else base) / name
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fill(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model():
    """An untrained referring model."""
    return build_tiny_model()


@pytest.fixture(scope="session")
def tiny_export(request, tmp_path_factory):
    """The folder of an export's versions, with version 1 alone; not to be changed: copy it."""
    return once_for_all_workers(
        request,
        tmp_path_factory,
        "tiny_export",
        lambda folder: export_saved_model(build_tiny_model(), folder, verify=False),
    )


def encode(pixels, file_format="PNG", **options):
    """The bytes of an image file with these uint8 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photographs():
    """Files of different sizes, in smooth colors."""
    generator = np.random.default_rng(0)
    sizes_and_formats = (((24, 16), "PNG"), ((50, 33), "JPEG"), ((9, 40), "PNG"))
    return [
        encode(np.asarray(Image.fromarray(generator.integers(0, 256, (4, 5, 3), "uint8")).resize(size)), file_format)
        for size, file_format in sizes_and_formats
    ]
