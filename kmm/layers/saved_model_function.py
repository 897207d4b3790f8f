"""The function inside a SavedModel, with its variables."""

import os
import re
import tempfile

import tensorflow as tf

from kmm.utils.resolve_saved_model import resolve_saved_model
from kmm.utils.saved_model_files import SavedModelFiles


class SavedModelFunction:
    """A SavedModel loaded from its folder: what it computes, and everything that this reads.

    Args:
        folder: the folder that holds `saved_model.pb`.
        signature: name of a signature to call, inference alone; `None` calls the object itself.
        arguments: further arguments of the call, by name, such as `{"return_endpoints": True}`.
        variables: a dict from path inside the SavedModel to the `tf.Variable` that the function shall use in place of
            its own. These keep their values.

    Attributes:
        variables: a list of `(path, tf.Variable, is_trainable)`.
        takes: what the function takes, one structure of `tf.TensorSpec` for each form of call.
        takes_training: whether training and inference are told apart.
        can_train: whether the function can be called for training.
        penalties: the regularization losses, functions without arguments.
        trackables: lookup tables and files that an export must keep track of.

    Raises:
        ValueError: if the object cannot be called, says nothing of its variables, or does not know the arguments.
        ImportError: if it needs tensorflow-text.
    """

    def __init__(self, folder, signature=None, arguments=None, variables=None):
        self.folder, self.signature, self.arguments = folder, signature, dict(arguments or {})
        self._module = _load(folder, variables or {})
        self._function = self._find_function()
        self.variables = self._find_variables()
        self.takes, self._inference, self._training = self._find_forms()
        self.takes_training = "training" in self._inference
        self.can_train = self._training is not None
        self.penalties = [] if signature else list(getattr(self._module, "regularization_losses", None) or ())
        kinds = (tf.saved_model.experimental.TrackableResource, tf.saved_model.Asset)
        self.trackables = [item for item in _items(self._module).values() if isinstance(item, kinds)]

    def __call__(self, inputs, training=False):
        """Call the function on inputs of one of the structures that it takes; numbers are cast to its dtypes."""
        inputs = tf.nest.map_structure(_cast, inputs, self._form_for(inputs))
        options = self._training if training else self._inference
        if options is None:
            raise ValueError(
                "The SavedModel was exported for inference alone, so it cannot be trained. Received: training=True. "
                "Give trainable=False."
            )
        return _as_lists(self._call(inputs, options))

    def output_specs(self, inputs):
        """The structure of `tf.TensorSpec` that inference gives for inputs with `shape` and `dtype`.

        Where all sizes are known one zero input is computed: it shows sizes that the graph does not state, and whether
        the module takes inputs of this size at all.
        """
        inputs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), inputs)
        traced = tf.function(self.__call__, autograph=False).get_concrete_function(inputs)
        specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), traced.structured_outputs)
        if any(None in x.shape[1:] for x in tf.nest.flatten(inputs)):
            return specs
        return tf.nest.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), self._try(inputs))

    def penalized_variable(self, penalty):
        """The one trainable variable that a regularization loss reads, or `None` where it is not just one."""
        read = {id(variable) for function in penalty.concrete_functions for variable in function.variables}
        found = [variable for _, variable, is_trainable in self.variables if id(variable) in read and is_trainable]
        return found[0] if len(found) == 1 else None

    def _call(self, inputs, options):
        if self.signature is None:
            return self._function(inputs, **options)
        return self._function(**_named(inputs, self.takes[0]))

    def _find_function(self):
        signatures = sorted(getattr(self._module, "signatures", {}))
        if self.signature is not None:
            if self.signature not in signatures:
                raise ValueError(f"signature must be one of {signatures}. Received: signature={self.signature!r}.")
            return self._module.signatures[self.signature]
        if not callable(self._module):
            raise ValueError(
                "A reusable SavedModel has a function __call__(inputs, training). Received: one without, with the "
                f"signatures {signatures}. For inference alone give signature=..., trainable=False; to train it, "
                "export the module anew with a tf.function as __call__."
            )
        return self._module.__call__

    def _find_variables(self):
        """Those that the module lists, then others that the function reads."""
        paths = {id(item): path for path, item in reversed(_items(self._module).items())}
        functions = [self._function] if self.signature else self._function.concrete_functions
        read = [variable for function in functions for variable in function.variables]
        listed, trainable = ([*getattr(self._module, name, ())] for name in ("variables", "trainable_variables"))
        if self.signature is None and read and not listed:
            raise ValueError(
                "A reusable SavedModel lists its variables as the attributes `variables` and `trainable_variables`, "
                f"which a tf.Module does not store. Received: a module with {len(read)} variables and no lists. "
                "Export it from an object with these lists, or give signature=..., trainable=False."
            )
        trainable = set() if self.signature else {id(variable) for variable in trainable}
        found = {id(variable): variable for variable in [*listed, *read] if id(variable) in paths}
        return [(paths[key], variable, key in trainable) for key, variable in found.items()]

    def _find_forms(self):
        """What can be called, and with which options: a function knows only what it was exported for."""
        if self.signature is not None:
            return [self._function.structured_input_signature[1]], {}, {}
        forms = []
        for function in self._function.concrete_functions:
            (form, *_), _ = function.structured_input_signature or ((None,), {})
            if form is not None and form not in forms:
                forms.append(form)
        for training in ({"training": False}, {}):
            inference = {**self.arguments, **training}
            takes = [form for form in forms if self._can_trace(form, inference)]
            if takes:
                options = {**inference, "training": True} if training else inference
                return takes, inference, options if self._can_trace(takes[0], options) else None
        traces = "\n".join(str(function.function_type) for function in self._function.concrete_functions)
        raise ValueError(
            "The SavedModel must have been exported for a call with inputs and these arguments. Received: "
            f"arguments={self.arguments}. It was exported for:\n{traces}"
        )

    def _can_trace(self, form, options):
        try:
            tf.function(lambda inputs: self._function(inputs, **options), autograph=False).get_concrete_function(form)
        except (TypeError, ValueError):
            return False
        return True

    def _form_for(self, inputs):
        """The first of the forms that suits the inputs."""
        for form in self.takes:
            form = form if self.signature is None else _unnamed(form, inputs)
            try:
                tf.nest.assert_same_structure(form, inputs)
            except (TypeError, ValueError):
                continue
            pairs = zip(tf.nest.flatten(form), tf.nest.flatten(inputs), strict=True)
            if all(_suits(given, spec) for spec, given in pairs):
                return form
        received = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), inputs)
        raise ValueError(
            "The SavedModel must get inputs that it was exported for. Received: "
            f"{_readable(received)}. It takes: {', or '.join(map(_readable, self.takes))}."
        )

    def _try(self, inputs):
        with tf.init_scope():
            zeros = tf.nest.map_structure(lambda x: tf.zeros((1, *x.shape[1:]), x.dtype), inputs)
            try:
                if not tf.distribute.in_cross_replica_context():
                    return self(zeros)
                strategy = tf.distribute.get_strategy()  # where variables can be read on a replica alone
                results = tf.function(lambda: strategy.run(self, (zeros,)), autograph=False)()
                return tf.nest.map_structure(lambda x: strategy.experimental_local_results(x)[0], results)
            except tf.errors.OpError as error:
                raise ValueError(
                    f"The SavedModel does not take inputs of this size. Received: {_readable(inputs)} "
                    f"({error.message.strip()}). Give the size that the module was made for."
                ) from error


def take_files(source):
    """The files of a SavedModel: a folder, a handle, or a loaded object, which is written out as it is now."""
    if isinstance(source, (str, os.PathLike)) or not hasattr(source, "_trackable_children"):
        return SavedModelFiles(resolve_saved_model(source))
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(source, folder)
        return SavedModelFiles(folder)


def _load(folder, variables):
    try:
        return _load_with(folder, variables)
    except (OSError, ValueError, tf.errors.OpError) as error:
        missing = re.search(r"Op type not registered '([^']+)'", str(error))
        if missing is None:
            raise ValueError(f"The SavedModel must be readable. Received: {folder} ({error}).") from error
    try:
        import tensorflow_text  # noqa: F401  registers its operations

        return _load_with(folder, variables)
    except (ImportError, OSError, ValueError, tf.errors.OpError) as error:
        raise ImportError(
            f"The SavedModel needs the operation {missing[1]!r}, which is not in TensorFlow itself. "
            f'Received: {folder}. If it is one of tensorflow-text, run `pip install "kmm[text]"`; else import the '
            "package that has it first."
        ) from error


def _load_with(folder, variables):
    if not variables:
        return tf.saved_model.load(str(folder))
    values = [(variable, tf.identity(variable)) for variable in variables.values()]
    module = tf.__internal__.saved_model.load_partial(str(folder), {"root": None, **variables})["root"]
    for variable, value in values:  # loading has filled them with the values of the SavedModel
        variable.assign(value)
    return module


def _items(module):
    """Everything in a loaded object, by its shortest path, such as `root.variables.0`."""
    view, found, seen, waiting = tf.train.TrackableView(module), {}, set(), [("root", module)]
    while waiting:
        path, item = waiting.pop(0)
        if id(item) not in seen:
            seen.add(id(item))
            found[path] = item
            waiting += [(f"{path}.{name}", child) for name, child in view.children(item).items() if "." not in name]
    return found


def _cast(tensor, spec):
    tensor = tf.convert_to_tensor(tensor)
    return tensor if tensor.dtype == spec.dtype else tf.cast(tensor, spec.dtype)


def _suits(given, spec):
    """Whether a function made for `spec` takes the tensor, once cast."""
    if (tf.as_dtype(given.dtype) == tf.string) != (spec.dtype == tf.string):
        return False
    if spec.shape.rank is None:
        return True
    sizes = list(given.shape)
    return len(sizes) == spec.shape.rank and all(
        wanted in (None, size) for wanted, size in zip(spec.shape, sizes, strict=True)
    )


def _named(inputs, form):
    return inputs if isinstance(inputs, dict) else dict.fromkeys(form, inputs)


def _unnamed(form, inputs):
    """A signature names its inputs; a single one may come without its name."""
    return next(iter(form.values())) if len(form) == 1 and not isinstance(inputs, dict) else form


def _as_lists(structure):
    """Dicts and lists, whatever kinds of them the module gives, so that a file can hold the structure."""
    if isinstance(structure, dict):
        return {key: _as_lists(value) for key, value in structure.items()}
    return [_as_lists(value) for value in structure] if isinstance(structure, (list, tuple)) else structure


def _readable(specs):
    described = tf.nest.map_structure(lambda spec: f"{tuple(spec.shape)} {tf.as_dtype(spec.dtype).name}", specs)
    return str(described).replace("'", "") if tf.nest.is_nested(specs) else described
