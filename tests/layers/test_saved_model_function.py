import sys

import numpy as np
import pytest
import tensorflow as tf

from kmm.layers.saved_model_function import SavedModelFunction, take_files
from tests.cases import saved_modules

SPEC = tf.TensorSpec((None, 3))


def write(folder, call, variables=(), signatures=None, **attributes):
    """A module with the function `call`, traced for a float vector."""
    module = saved_modules.new_module()
    module.kept = list(variables)
    module.variables = module.trainable_variables = list(variables)
    if call is not None:
        module.__call__ = call
    for name, value in attributes.items():
        setattr(module, name, value)
    return saved_modules.write(folder, module, signatures)


def test_variables_can_be_handed_over(tmp_path):
    own = tf.Variable([1.0, 2.0, 3.0], name="own")
    call = tf.function(lambda x: x * own, input_signature=[SPEC], autograph=False)
    folder = write(tmp_path, call, [own])
    (path, variable, is_trainable), *others = SavedModelFunction(folder).variables
    assert not others and is_trainable and np.array_equal(variable, own)
    given = tf.Variable([5.0, 6.0, 7.0])
    function = SavedModelFunction(folder, variables={path: given})
    assert function.variables[0][1] is given
    np.testing.assert_array_equal(function(np.ones((1, 3))), [[5.0, 6.0, 7.0]])
    given.assign([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(function(np.ones((1, 3))), [[0.0, 1.0, 2.0]])


def test_numbers_are_cast_and_forms_told_apart(tmp_path):
    call = tf.function(lambda inputs: inputs["x"] * 2 if isinstance(inputs, dict) else inputs + 1, autograph=False)
    call.get_concrete_function(SPEC)
    call.get_concrete_function({"x": tf.TensorSpec((None, 2), "int32")})
    function = SavedModelFunction(write(tmp_path, call))
    np.testing.assert_array_equal(function(np.ones((1, 3), "uint8")), [[2.0, 2.0, 2.0]])
    assert function({"x": np.ones((1, 2), "int64")}).dtype == "int32"
    assert not function.takes_training and function.can_train
    with pytest.raises(
        ValueError, match=r"Received: \(1, 4\) float64. It takes: \(None, 3\) float32, or {x: \(None, 2\)"
    ):
        function(np.ones((1, 4)))


def test_sizes_are_learned_from_one_zero_input(tmp_path):
    def shrink(images):
        tf.debugging.assert_greater(tf.shape(images)[1], 3, "too small")
        return {"map": images[:, ::2, ::2], "vector": tf.reduce_mean(images, (1, 2))}

    call = tf.function(shrink, input_signature=[tf.TensorSpec((None, None, None, 3))], autograph=False)
    function = SavedModelFunction(write(tmp_path, call))
    found = function.output_specs(tf.TensorSpec((None, 8, 10, 3)))
    assert found["map"].shape == (None, 4, 5, 3) and found["vector"].shape == (None, 3)
    assert found["map"].shape.as_list() == [None, 4, 5, 3]
    unknown = function.output_specs(tf.TensorSpec((None, None, None, 3)))
    assert unknown["map"].shape.as_list() == [None, None, None, 3]
    with pytest.raises(
        ValueError, match=r"(?s)does not take inputs of this size. Received: \(None, 2, 2, 3\) float32 .*too small"
    ):
        function.output_specs(tf.TensorSpec((None, 2, 2, 3)))


def test_a_penalty_knows_its_variable(tmp_path):
    one, other = tf.Variable(1.0), tf.Variable(2.0)
    penalties = [
        tf.function(lambda: one * 1.0, input_signature=[], autograph=False),
        tf.function(lambda: one + other, input_signature=[], autograph=False),
    ]
    call = tf.function(lambda x: x * one * other, input_signature=[SPEC], autograph=False)
    function = SavedModelFunction(write(tmp_path, call, [one, other], regularization_losses=penalties))
    assert [float(penalty()) for penalty in function.penalties] == [1.0, 3.0]
    assert function.penalized_variable(function.penalties[0]) is function.variables[0][1]
    assert function.penalized_variable(function.penalties[1]) is None


def test_what_is_no_reusable_module_is_refused(tmp_path):
    def refused(name, *arguments, **options):
        folder = saved_modules.write(tmp_path / name, *saved_modules.conv_backbone(*arguments, **options))
        with pytest.raises(ValueError) as error:
            SavedModelFunction(folder)
        return str(error.value)

    message = refused("no_call", with_call=False)
    assert "__call__(inputs, training). Received: one without, with the signatures ['serving_default']" in message
    assert "lists its variables" in refused("no_lists", lists=False)
    folder = saved_modules.CONV_BACKBONE
    with pytest.raises(
        ValueError, match=r"signature must be one of \['serving_default'\]. Received: signature='other'"
    ):
        SavedModelFunction(folder, signature="other")
    with pytest.raises(ValueError, match="Received: arguments={'return_everything': True}. It was exported for"):
        SavedModelFunction(folder, arguments={"return_everything": True})
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(ValueError, match="The SavedModel must be readable. Received: .*damaged"):
        SavedModelFunction(tmp_path / "damaged")


def test_a_module_without_lists_infers_by_its_signature(tmp_path):
    module, signatures = saved_modules.conv_backbone(lists=False, with_call=False)
    function = SavedModelFunction(saved_modules.write(tmp_path, module, signatures), signature="serving_default")
    assert len(function.variables) == 10 and not any(is_trainable for *_, is_trainable in function.variables)
    assert function(np.ones((1, 8, 8, 3)))["vector"].shape == (1, 6)


def test_missing_operations_of_tensorflow_text_name_the_line_to_run(tmp_path, monkeypatch):
    def load(folder):
        raise FileNotFoundError("Op type not registered 'FastBertNormalize' in binary.")

    monkeypatch.setattr(tf.saved_model, "load", load)
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(ImportError, match=r"the operation 'FastBertNormalize'.*pip install \"kmm\[text\]\""):
        SavedModelFunction(tmp_path)


def test_files_of_an_object_hold_its_values_of_now():
    module = tf.saved_model.load(saved_modules.CONV_BACKBONE)
    module.variables[0].assign(tf.ones_like(module.variables[0]))
    files = take_files(module)
    function = SavedModelFunction(files.folder)
    assert np.array_equal(function.variables[0][1], tf.ones_like(module.variables[0]))
    with pytest.raises(TypeError, match="Received: source=<object"):
        take_files(object())
