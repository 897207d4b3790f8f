"""Running a SavedModel the way a model server does."""

import ctypes
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


class SavedModelSession:
    """Loads a SavedModel through TensorFlow's C interface and runs its signatures in a C++ session.

    TensorFlow Serving runs this path, and none of Python's loader: some exports load in Python and fail here, for
    example with "Could not find variable". Use it in tests of an export, and to answer without Keras. Several threads
    may run one session at a time. It reads the shared library of the installed TensorFlow wheel on Linux.

    Args:
        path: folder of the SavedModel, the one that holds `saved_model.pb`.
        tags: tags of the graph to load.
        config: `tf.compat.v1.ConfigProto`, for instance with numbers of threads; `None` for TensorFlow's defaults.

    Raises:
        ValueError: no graph in the file has these tags, or `run` gets another signature, or other inputs or outputs
            than stored, or comes after `close`.
        TypeError: strings are no bytes.
        google.protobuf.message.DecodeError: `saved_model.pb` is damaged.
        tf.errors.OpError: the C++ session refuses the model or the inputs; class, code and message are its own.

    Example:

    >>> import tempfile
    >>> module = tf.Module()
    >>> module.double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec([None], name="x")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.saved_model.save(module, folder, signatures={"serving_default": module.double})
    ...     with SavedModelSession(folder) as session:
    ...         outputs = session.run({"x": np.ones(3, "float32")})
    >>> tuple(outputs["y"].shape)
    (3,)
    """

    def __init__(self, path, tags=("serve",), config=None):
        self.path = pathlib.Path(path)
        self._session = None
        self.meta_graph = self._read_meta_graph(set(tags))
        self.signatures = dict(self.meta_graph.signature_def)
        self._library = _load_library()
        self._graph = self._library.TF_NewGraph()
        options = self._library.TF_NewSessionOptions()
        tag_array = (ctypes.c_char_p * len(tags))(*(tag.encode() for tag in tags))
        try:
            if config is not None:
                proto = config.SerializeToString()
                self._checked(self._library.TF_SetConfig, options, proto, len(proto))
            load = self._library.TF_LoadSessionFromSavedModel
            self._session = self._checked(
                load, options, None, str(self.path).encode(), tag_array, len(tags), self._graph, None
            )
        except tf.errors.OpError:
            self._library.TF_DeleteGraph(self._graph)
            raise
        finally:
            self._library.TF_DeleteSessionOptions(options)

    def _read_meta_graph(self, tags):
        saved_model = saved_model_pb2.SavedModel.FromString((self.path / "saved_model.pb").read_bytes())
        for meta_graph in saved_model.meta_graphs:
            if set(meta_graph.meta_info_def.tags) == tags:
                return meta_graph
        stored = [sorted(meta_graph.meta_info_def.tags) for meta_graph in saved_model.meta_graphs]
        raise ValueError(f"tags must be those of a stored graph. Received: tags={sorted(tags)}. Stored: {stored}.")

    def run(self, inputs, signature_name="serving_default", output_names=None):
        """Runs one signature.

        Args:
            inputs: dict from the signature's input names to arrays; strings as arrays or lists of `bytes`.
            signature_name: name of the signature.
            output_names: the outputs to compute; `None` for all.

        Returns:
            dict from the signature's output names to arrays; strings as object arrays of `bytes`.
        """
        if self._session is None:
            raise ValueError(f"A session must be open to run. Received: the closed one of {self.path}. Make another.")
        if signature_name not in self.signatures:
            raise ValueError(
                f"signature_name must be one of {sorted(self.signatures)}. Received: signature_name={signature_name!r}."
            )
        signature = self.signatures[signature_name]
        if set(inputs) != set(signature.inputs):
            raise ValueError(f"inputs must have the names {sorted(signature.inputs)}. Received: {sorted(inputs)}.")
        output_names = list(signature.outputs if output_names is None else output_names)
        if not set(output_names) <= set(signature.outputs):
            raise ValueError(
                f"output_names must be among {sorted(signature.outputs)}. Received: output_names={output_names}."
            )
        library, tensors = self._library, []
        results = (ctypes.c_void_p * len(output_names))()
        try:
            for name, info in signature.inputs.items():
                self._add_tensor(tensors, name, inputs[name], info.dtype)
            self._checked(
                library.TF_SessionRun,
                self._session,
                None,
                self._endpoints(signature.inputs.values()),
                (ctypes.c_void_p * len(tensors))(*tensors),
                len(tensors),
                self._endpoints([signature.outputs[name] for name in output_names]),
                results,
                len(output_names),
                None,
                0,
                None,
            )
        finally:
            for tensor in tensors:
                self._delete_input(tensor)
        outputs = {name: self._to_array(tensor) for name, tensor in zip(output_names, results, strict=True)}
        for tensor in results:
            library.TF_DeleteTensor(tensor)
        return outputs

    def close(self):
        """Frees the session; it cannot run afterwards."""
        if self._session is not None:
            self._checked(self._library.TF_CloseSession, self._session)
            self._checked(self._library.TF_DeleteSession, self._session)
            self._library.TF_DeleteGraph(self._graph)
            self._session = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _checked(self, function, *arguments):
        """Calls a function whose last argument is a status, one of its own for each call, and raises what it says."""
        status = self._library.TF_NewStatus()
        try:
            result = function(*arguments, status)
            code = self._library.TF_GetCode(status)
            if code:
                message = self._library.TF_Message(status).decode("utf-8", "replace")
                raise tf.compat.v1.errors.exception_type_from_error_code(code)(None, None, message)
            return result
        finally:
            self._library.TF_DeleteStatus(status)

    def _endpoints(self, infos):
        names = [info.name.split(":") for info in infos]
        operations = [self._library.TF_GraphOperationByName(self._graph, name.encode()) for name, _ in names]
        endpoints = (_Output(operation, int(index)) for operation, (_, index) in zip(operations, names, strict=True))
        return (_Output * len(names))(*endpoints)

    def _add_tensor(self, tensors, name, value, dtype):
        """Appends a tensor, which the caller frees, and fills it."""
        library = self._library
        if dtype == tf.string.as_datatype_enum:
            array, item_size = np.asarray(value, dtype=object), _STRING_SIZE
        else:
            array = np.require(value, tf.dtypes.as_dtype(dtype).as_numpy_dtype, "C")
            item_size = array.itemsize
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = library.TF_AllocateTensor(dtype, dims, array.ndim, array.size * item_size)
        data = library.TF_TensorData(tensor)
        if dtype != tf.string.as_datatype_enum:
            ctypes.memmove(data, array.ctypes.data, array.nbytes)
            tensors.append(tensor)
            return
        for index in range(array.size):
            library.TF_StringInit(data + index * _STRING_SIZE)
        tensors.append(tensor)
        for index, text in enumerate(array.ravel()):
            if not isinstance(text, bytes):
                raise TypeError(f"{name} must hold bytes. Received: {type(text).__name__}. Encode text as UTF-8.")
            library.TF_StringCopy(data + index * _STRING_SIZE, text, len(text))

    def _delete_input(self, tensor):
        if self._library.TF_TensorType(tensor) == tf.string.as_datatype_enum:
            data = self._library.TF_TensorData(tensor)
            for index in range(self._library.TF_TensorElementCount(tensor)):
                self._library.TF_StringDealloc(data + index * _STRING_SIZE)
        self._library.TF_DeleteTensor(tensor)

    def _to_array(self, tensor):
        library = self._library
        shape = [library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))]
        dtype, data = library.TF_TensorType(tensor), library.TF_TensorData(tensor)
        if dtype != tf.string.as_datatype_enum:
            content = ctypes.string_at(data, library.TF_TensorByteSize(tensor))
            return np.frombuffer(content, tf.dtypes.as_dtype(dtype).as_numpy_dtype).reshape(shape).copy()
        array = np.empty(library.TF_TensorElementCount(tensor), dtype=object)
        for index in range(array.size):
            text = data + index * _STRING_SIZE
            array[index] = ctypes.string_at(library.TF_StringGetDataPointer(text), library.TF_StringGetSize(text))
        return array.reshape(shape)


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


_STRING_SIZE = 24
_POINTER, _INT, _INT64, _SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_size_t
_FUNCTIONS = {
    "TF_NewStatus": (_POINTER, []),
    "TF_DeleteStatus": (None, [_POINTER]),
    "TF_GetCode": (_INT, [_POINTER]),
    "TF_Message": (ctypes.c_char_p, [_POINTER]),
    "TF_NewGraph": (_POINTER, []),
    "TF_DeleteGraph": (None, [_POINTER]),
    "TF_GraphOperationByName": (_POINTER, [_POINTER, ctypes.c_char_p]),
    "TF_NewSessionOptions": (_POINTER, []),
    "TF_DeleteSessionOptions": (None, [_POINTER]),
    "TF_SetConfig": (None, [_POINTER, ctypes.c_char_p, _SIZE, _POINTER]),
    "TF_LoadSessionFromSavedModel": (
        _POINTER,
        [_POINTER, _POINTER, ctypes.c_char_p, _POINTER, _INT, _POINTER, _POINTER, _POINTER],
    ),
    "TF_CloseSession": (None, [_POINTER, _POINTER]),
    "TF_DeleteSession": (None, [_POINTER, _POINTER]),
    "TF_SessionRun": (None, [*[_POINTER] * 4, _INT, *[_POINTER] * 2, _INT, _POINTER, _INT, *[_POINTER] * 2]),
    "TF_AllocateTensor": (_POINTER, [_INT, _POINTER, _INT, _SIZE]),
    "TF_DeleteTensor": (None, [_POINTER]),
    "TF_TensorData": (_POINTER, [_POINTER]),
    "TF_TensorType": (_INT, [_POINTER]),
    "TF_TensorByteSize": (_SIZE, [_POINTER]),
    "TF_TensorElementCount": (_INT64, [_POINTER]),
    "TF_NumDims": (_INT, [_POINTER]),
    "TF_Dim": (_INT64, [_POINTER, _INT]),
    "TF_StringInit": (None, [_POINTER]),
    "TF_StringCopy": (None, [_POINTER, ctypes.c_char_p, _SIZE]),
    "TF_StringDealloc": (None, [_POINTER]),
    "TF_StringGetDataPointer": (_POINTER, [_POINTER]),
    "TF_StringGetSize": (_SIZE, [_POINTER]),
}


def _load_library():
    library = ctypes.CDLL(str(pathlib.Path(tf.__file__).parent / "libtensorflow_cc.so.2"))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
