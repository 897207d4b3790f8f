"""Every check passes a sound component and fails the component with the fault that it looks for."""

import keras
import numpy as np
import pytest
from keras import ops

from kmm import testing


@keras.saving.register_keras_serializable(package="kmm_tests")
class SoundFusion(keras.layers.Layer):
    """Adds the projected mean of the real steps to the features."""

    def __init__(self, filters=2, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.features = keras.layers.Dense(filters, name="features", dtype=self.dtype_policy)
        self.words = keras.layers.Dense(filters, name="words", dtype=self.dtype_policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        self.features.build(image_features_shape)
        self.words.build(sequence_shape)

    def call(self, image_features, sequence, pooled, padding_mask):
        return self.finish(self.features(image_features), self.mean_word(sequence, padding_mask))

    def finish(self, features, word):
        return features + word

    def mean_word(self, sequence, padding_mask):
        mask = ops.cast(padding_mask, sequence.dtype)[..., None]
        mean = ops.sum(sequence * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1)
        return self.words(mean)[:, None, None, :]

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


class NotRegistered(SoundFusion):
    pass


@keras.saving.register_keras_serializable(package="kmm_tests")
class ForgetsAnArgument(SoundFusion):
    def __init__(self, filters=2, scale=1.0, **kwargs):
        super().__init__(filters, **kwargs)
        self.scale = scale


@keras.saving.register_keras_serializable(package="kmm_tests")
class RevivedOtherwise(SoundFusion):
    def finish(self, features, word):
        return (features + word) * (2.0 if self.name.endswith("_revived") else 1.0)

    def get_config(self):
        return {**super().get_config(), "name": f"{self.name}_revived"}


@keras.saving.register_keras_serializable(package="kmm_tests")
class BuildsLate(SoundFusion):
    def build(self, *shapes, **named_shapes):
        self.built = True


@keras.saving.register_keras_serializable(package="kmm_tests")
class ClaimsOtherShape(SoundFusion):
    def compute_output_shape(self, image_features_shape, *others, **named):
        return (*image_features_shape[:-1], self.filters + 1)

    def compute_output_spec(self, image_features, *others):
        return keras.KerasTensor(self.compute_output_shape(image_features.shape), self.compute_dtype)


@keras.saving.register_keras_serializable(package="kmm_tests")
class HidesChannels(SoundFusion):
    def compute_output_spec(self, image_features, *others):
        known = image_features.shape[1] is not None
        return keras.KerasTensor((*image_features.shape[:-1], self.filters if known else None), self.compute_dtype)


@keras.saving.register_keras_serializable(package="kmm_tests")
class BlocksGradients(SoundFusion):
    def finish(self, features, word):
        return ops.stop_gradient(features) + word


@keras.saving.register_keras_serializable(package="kmm_tests")
class BlocksWords(SoundFusion):
    def mean_word(self, sequence, padding_mask):
        return super().mean_word(ops.stop_gradient(sequence), padding_mask)


@keras.saving.register_keras_serializable(package="kmm_tests")
class DropsTheDtype(SoundFusion):
    def __init__(self, filters=2, **kwargs):
        super().__init__(filters, **kwargs)
        self.words = keras.layers.Dense(filters, name="words")


@keras.saving.register_keras_serializable(package="kmm_tests")
class MixesSamples(SoundFusion):
    def finish(self, features, word):
        return features + word - ops.mean(features, axis=0, keepdims=True)


@keras.saving.register_keras_serializable(package="kmm_tests")
class ReadsPadding(SoundFusion):
    def mean_word(self, sequence, padding_mask):
        return super().mean_word(sequence, ops.ones_like(padding_mask))


@keras.saving.register_keras_serializable(package="kmm_tests")
class CountsPadding(SoundFusion):
    def mean_word(self, sequence, padding_mask):
        return super().mean_word(sequence, padding_mask) * ops.shape(padding_mask)[1]


@keras.saving.register_keras_serializable(package="kmm_tests")
class DividesByZero(SoundFusion):
    def mean_word(self, sequence, padding_mask):
        mask = ops.cast(padding_mask, sequence.dtype)[..., None]
        return self.words(ops.sum(sequence * mask, axis=1) / ops.sum(mask, axis=1))[:, None, None, :]


@keras.saving.register_keras_serializable(package="kmm_tests")
class DrawsANumber(SoundFusion):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.number = np.random.uniform()

    def finish(self, features, word):
        return features + word * self.number


def case_of(cls):
    random = np.random.default_rng(0)
    features, sequence, pooled = (
        random.normal(size=(2, *rest)).astype("float32") for rest in ((4, 6, 3), (5, 4), (4,))
    )
    padding_mask = np.array([[True, True, True, False, False], [True, False, False, False, False]])
    return testing.ComponentCase(cls, {"filters": 3}, (features, sequence, pooled, padding_mask))


FAULTS = [
    (testing.check_registration, NotRegistered, "register_keras_serializable"),
    (testing.check_config, ForgetsAnArgument, "scale"),
    (testing.check_revived, RevivedOtherwise, "equal outputs"),
    (testing.check_build, BuildsLate, "build must make every weight"),
    (testing.check_symbolic_shape, ClaimsOtherShape, "Symbolic and computed shapes"),
    (testing.check_unknown_sizes, HidesChannels, "Symbolic and computed shapes"),
    (testing.check_gradients, BlocksGradients, "features/kernel"),
    (testing.check_context_gradients, BlocksWords, "words of every sample"),
    (testing.check_mixed_precision, DropsTheDtype, "words"),
    (testing.check_samples_independent, MixesSamples, "sample"),
    (testing.check_padding, ReadsPadding, "Values in padded steps"),
    (testing.check_padding, CountsPadding, "number of padded steps"),
    (testing.check_empty_context, DividesByZero, "finite"),
    (testing.check_saving, DrawsANumber, "loaded model"),
]


@pytest.mark.parametrize("check", testing.ALL_CHECKS, ids=lambda check: check.__name__)
def test_a_sound_component_passes(check):
    check(case_of(SoundFusion))


@pytest.mark.parametrize(("check", "cls", "message"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_is_found(check, cls, message):
    with pytest.raises(AssertionError, match=message):
        check(case_of(cls))


def test_every_check_has_a_fault_to_find():
    assert {check for check, _, _ in FAULTS} == set(testing.ALL_CHECKS)
