"""TensorFlow Datasets' form of the same data sets, for those who prepare and read their data with it."""

import json

import numpy as np

from data_pipelines.record_parts import png_bytes

BUILDER_VERSION = "1.0.0"


def tfds_builder(data_set, **options):
    """A builder class for TensorFlow Datasets that gives the records of a data set.

    It downloads nothing: the owner's files lie in the manual folder. Every picture is one example with the features
    `key`, `image`, `prompts`, `targets` (for each prompt the index of its mask, -1 for none), `masks`, `boxes` (top,
    left, bottom, right as shares), `kinds`, `group`, `position`, `label` and `audio_bytes`, as in
    `kmm.data.record.Record`; `info.metadata` holds `task` and `class_list`, the latter as JSON. The name begins with
    `kmm_`, because TensorFlow Datasets' own set of the same name would win otherwise.

    Args:
        data_set: the class of a data set, such as `RefCoco`.
        **options: arguments of that class; they name the builder's configuration, so that each is stored by itself.

    Returns:
        A subclass of `tfds.core.GeneratorBasedBuilder`. It is not registered: make one instead of calling `tfds.load`.

    Raises:
        ImportError: if TensorFlow Datasets is not installed.

    Example:

    >>> from data_pipelines.ref_coco import RefCoco
    >>> builder = tfds_builder(RefCoco)(data_dir="data")  # doctest: +SKIP
    >>> config = tfds.download.DownloadConfig(manual_dir="downloads/refer")  # doctest: +SKIP
    >>> builder.download_and_prepare(download_config=config)  # doctest: +SKIP
    >>> dataset = builder.as_dataset(split="train")  # doctest: +SKIP
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError('TensorFlow Datasets is missing. Install it: pip install "kmm[tfds]".') from error

    source = data_set(**options)

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        __doc__ = source.description
        name = source.name
        code_path = None  # beside it would lie checksums of downloads, of which there are none
        VERSION = tfds.core.Version(BUILDER_VERSION)
        RELEASE_NOTES = {BUILDER_VERSION: "First version."}
        MANUAL_DOWNLOAD_INSTRUCTIONS = source.manual_files
        BUILDER_CONFIGS = [
            tfds.core.BuilderConfig(name="_".join(f"{key}_{value}" for key, value in sorted(options.items())))
            for options in [options]
            if options
        ]

        def _info(self):
            metadata = {"task": source.task, "class_list": json.dumps(source.class_list)}
            return tfds.core.DatasetInfo(
                builder=self,
                description=source.description,
                features=_features(tfds.features),
                homepage=source.homepage,
                citation=source.citation,
                license=source.license,
                metadata=tfds.core.MetadataDict(metadata),
            )

        def _split_generators(self, dl_manager):
            folder = dl_manager.manual_dir
            return {split: self._generate_examples(folder, split) for split in source.splits(folder)}

        def _generate_examples(self, folder, split):
            for item in source.items(folder, split):
                record = source.record(item)
                yield record.key, _example(record)

    Builder.__name__ = Builder.__qualname__ = type(source).__name__
    return Builder


def _features(features):
    box = features.Tensor(shape=(4,), dtype=np.float32)
    mask = features.Image(shape=(None, None, 1), encoding_format="png")
    return features.FeaturesDict(
        {
            "key": features.Text(),
            "image": features.Image(shape=(None, None, 3)),
            "prompts": features.Sequence(features.Text()),
            "targets": features.Sequence(features.Scalar(np.int64)),
            "masks": features.Sequence(mask),
            "boxes": features.Sequence(box),
            "kinds": features.Sequence(features.Text()),
            "group": features.Text(),
            "position": features.Scalar(np.int64),
            "label": features.Scalar(np.int64),
            "audio_bytes": features.Text(),
        }
    )


def _example(record):
    return {
        "key": record.key,
        "image": record.image_bytes,
        "prompts": list(record.prompts),
        "targets": list(record.targets),
        "masks": [png_bytes(record.mask(index)) for index in range(len(record.mask_bytes))],
        "boxes": list(record.boxes),
        "kinds": list(record.kinds),
        "group": record.group,
        "position": record.position,
        "label": record.label,
        "audio_bytes": record.audio_bytes,
    }
