"""A layer around a SavedModel that trains."""

import pathlib

import keras
from keras import ops
from keras.src.saving.serialization_lib import in_safe_mode

from kmm.layers.saved_model_function import SavedModelFunction, take_files
from kmm.utils.known_shapes import KnownShapes
from kmm.utils.saved_model_files import SavedModelFiles, fingerprint_of


@keras.saving.register_keras_serializable(package="kmm")
class SavedModelLayer(keras.layers.Layer):
    """A reusable SavedModel, as TF-Hub has them, as a layer of Keras 3 that trains.

    Use it to fine-tune a backbone that you trust; for pictures and words see `kmm.encoders.SavedModelImageEncoder` and
    `kmm.encoders.SavedModelTextEncoder`. The layer takes over the module's variables, so that kernels, scales and the
    statistics of batch normalisation move in training, and adds the module's regularization losses. With
    `trainable = False` nothing moves, statistics neither. It computes in the precision that the module was exported
    with, whatever the dtype policy; only its outputs take the policy's compute dtype.

    A `.keras` file carries the SavedModel, so that the original may be gone. A SavedModel is code: such a file is
    loaded with `keras.saving.load_model(path, safe_mode=False)` alone. Under `tf.distribute.MirroredStrategy` create
    the layer inside the scope; statistics that the module assigns itself then differ from replica to replica, and the
    first one's are saved.

    Reference: "Reusable SavedModels", tensorflow.org/hub/reusable_saved_models, 2019.

    Args:
        source: the folder of a SavedModel, a handle "https://..." that tensorflow_hub resolves, or what
            `tf.saved_model.load` returned; the layer trains a copy of its own.
        signature: name of a signature to call in place of the object: for inference, so nothing trains then.
        arguments: further arguments of the module's call, by name: a dict such as `{"return_endpoints": True}`.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: a tensor or a structure of tensors as the module takes it; numbers are cast to its dtypes.
        training: passed on to the module, `False` where the layer is frozen.

    Output shape:
        A tensor or a structure of tensors as the module gives it, `(batch, ...)`. Sizes that the module does not state
        are found by computing one zero input.

    Raises:
        TypeError, FileNotFoundError, ImportError, ConnectionError: if the source does not lead to a SavedModel.
        ValueError: if the SavedModel cannot be called or trained in this way, if inputs do not suit it, or if it is to
            be loaded in safe mode.

    Example:

    >>> import kmm, numpy as np, tempfile, tensorflow as tf
    >>> module = tf.train.Checkpoint(kernel=tf.Variable(tf.ones((3, 2))))
    >>> module.variables = module.trainable_variables = [module.kernel]
    >>> module.__call__ = tf.function(lambda x: x @ module.kernel, input_signature=[tf.TensorSpec((None, 3))])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.saved_model.save(module, folder)
    ...     layer = kmm.layers.SavedModelLayer(folder)
    >>> tuple(layer(np.ones((4, 3), "float32")).shape), len(layer.trainable_weights)
    ((4, 2), 1)
    """

    def __init__(self, source, signature=None, arguments=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_jit = False  # a module may hold strings and tables
        stored = source if isinstance(source, _Stored) else None
        self.source = stored.source if stored else _record_of(source)
        self.signature, self.arguments = signature, dict(arguments or {})
        self._shapes = KnownShapes(stored.shapes if stored else ())
        self._files = SavedModelFiles.find(stored.fingerprint) if stored else take_files(source)
        self._fingerprint = self._files.fingerprint if self._files else stored.fingerprint
        self._function = None
        if self._files:
            self._function = SavedModelFunction(self._files.folder, signature, arguments)
            self._check_trainable()
        self._adopt(self._function.variables if self._function else stored.variables)
        self.built = True

    @property
    def trackables(self):
        """Lookup tables and files of the module, which an export must keep track of."""
        return self._loaded().trackables

    def call(self, inputs, training=None):
        """Call the module."""
        outputs = self._loaded()(inputs, training=bool(training) and self.trainable)
        specs = self._shapes.find(inputs)
        return keras.tree.map_structure(self._finish, outputs, outputs if specs is None else specs)

    def compute_output_spec(self, inputs, training=None):
        """As the module says; once known, the module is not needed."""
        if self._shapes.find(inputs) is None:
            self._shapes.add(inputs, self._loaded().output_specs(inputs))
        return keras.tree.map_structure(
            lambda spec: keras.KerasTensor(spec.shape, self._output_dtype(spec)), self._shapes.find(inputs)
        )

    def save_assets(self, directory):
        """Put the SavedModel into the `.keras` file."""
        self._loaded()
        self._files.copy_to(pathlib.Path(directory) / "saved_model")

    def load_assets(self, directory):
        """Take the SavedModel from the `.keras` file, after Keras has filled the variables from it."""
        folder = pathlib.Path(directory or "") / "saved_model"
        if directory is None or not folder.is_dir() or fingerprint_of(folder) != self._fingerprint:
            raise ValueError(
                f"The file must hold the SavedModel of the layer {self.name!r} as it was saved. Received: "
                f"{'another one' if folder.is_dir() else 'none'}. The file is damaged: get it again."
            )
        if self._function is None:
            self._files = SavedModelFiles(folder)
            variables = {path: variable.value for path, variable in zip(self._paths, self._adopted, strict=True)}
            self._function = SavedModelFunction(self._files.folder, self.signature, self.arguments, variables)
            self._adopt_penalties()

    def get_config(self):
        """The constructor's arguments, and what is needed to make the layer before its SavedModel is there."""
        variables = [
            [path, {"name": variable.name, "shape": list(variable.shape), "dtype": variable.dtype}, is_trainable]
            for path, variable, is_trainable in zip(self._paths, self._adopted, self._are_trainable, strict=True)
        ]
        return {
            **super().get_config(),
            "source": self.source,
            "signature": self.signature,
            "arguments": dict(self.arguments),
            "stored": {"fingerprint": self._fingerprint, "variables": variables, "shapes": self._shapes.get_config()},
        }

    @classmethod
    def from_config(cls, config):
        """Make the layer anew: with the SavedModel where this process still has it, else from the file's assets."""
        if in_safe_mode():
            raise ValueError(
                "A SavedModel is code, so what holds one is not loaded in safe mode. "
                f"Received: the layer {config.get('name')!r}, made from source={config.get('source')!r}. "
                "If you trust the file: keras.saving.load_model(path, safe_mode=False)."
            )
        config = dict(config)
        return cls(_Stored(config.pop("source"), **config.pop("stored")), **config)

    def _loaded(self):
        if self._function is None:
            raise ValueError(
                f"The layer {self.name!r} was made from its configuration alone. Received: no SavedModel. "
                "Load a whole `.keras` file, or make the layer from the SavedModel's folder."
            )
        return self._function

    def _adopt(self, variables):
        """Make a Keras variable of each; without the module, one of zeros, to be filled from a file."""
        self._paths = [path for path, *_ in variables]
        self._are_trainable = [is_trainable for *_, is_trainable in variables]
        with keras.name_scope(self.name):
            self._adopted = [_as_keras_variable(variable, flag) for _, variable, flag in variables]
        for number, variable in enumerate(self._adopted):
            setattr(self, f"variable_{number}", variable)  # lists are not seen by tf.train.Checkpoint
        for variable in self._trainable_variables:  # a model around a layer asks the variables alone
            variable.trainable = self.trainable
        self._adopt_penalties()

    def _adopt_penalties(self):
        """Hang each regularization loss on the variable that it reads: Keras adds it while that one is trainable."""
        by_value = {id(variable.value): variable for variable in self._adopted}
        for penalty in self._function.penalties if self._function else ():
            read = by_value.get(id(self._function.penalized_variable(penalty)))
            for variable in [read] if read is not None else self._trainable_variables[:1]:
                variable.regularizer = _Penalties((*getattr(variable.regularizer, "penalties", ()), penalty))

    def _check_trainable(self):
        if self.trainable and not self._function.can_train:
            raise ValueError(
                "A SavedModel that is to train must have been exported with training=True too. "
                f"Received: source={self.source!r}, trainable=True. Give trainable=False, or export it anew."
            )

    def _output_dtype(self, tensor):
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        return self.compute_dtype if "float" in dtype else dtype

    def _finish(self, output, spec):
        if output.dtype != self._output_dtype(output):
            output = ops.cast(output, self._output_dtype(output))
        known = None not in spec.shape[1:]  # inside a graph the module may not say it
        return ops.reshape(output, (-1, *spec.shape[1:])) if known and None in output.shape[1:] else output


class _Stored:
    """What a configuration knows of a SavedModel that may not be there yet."""

    def __init__(self, source, fingerprint, variables, shapes):
        self.source, self.fingerprint, self.variables, self.shapes = source, fingerprint, variables, shapes


class _Penalties:
    """Regularization losses of a module, in the place of a variable's regularizer."""

    def __init__(self, penalties):
        self.penalties = penalties

    def __call__(self, variable):
        return sum(penalty() for penalty in self.penalties)


def _as_keras_variable(variable, is_trainable):
    options = {"trainable": is_trainable, "autocast": False}
    if isinstance(variable, dict):
        return keras.Variable("zeros", **{**variable, "shape": tuple(variable["shape"])}, **options)
    name = variable.name.removesuffix(":0").replace("/", "_")
    return keras.Variable(variable, dtype=variable.dtype.name, name=name, **options)


def _record_of(source):
    return str(source) if isinstance(source, (str, pathlib.PurePath)) else None
