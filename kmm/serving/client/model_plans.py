"""Asking any exported model, without the waiting."""

import math

import numpy as np

from kmm.serving.client.request_step import RequestStep
from kmm.serving.client.serving_error import ServingError

_NOT_YET = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "NOT_FOUND")
_FROM_OTHER_VERSION = ("FAILED_PRECONDITION", "INVALID_ARGUMENT", "NOT_FOUND")


class ModelPlans:
    """The methods of a client that suit any model, as generators; see `RequestPlans`.

    The model's metadata are asked for once. Where a request then fails in a way that another version with other
    signatures would explain, they are asked for anew, and if they differ the request is made again.

    Args:
        address: `ModelAddress`.
    """

    def __init__(self, address):
        self._address = address
        self._metadata = None

    def status(self):
        """The states of the model's versions."""
        return (yield RequestStep(lambda transport, seconds: transport.status(seconds)))

    def wait_until_ready(self, timeout):
        """Returns the number of the available version."""
        if self._address.label is not None:  # TensorFlow Serving's states do not tell which version has the label
            codes = (*_NOT_YET, "INVALID_ARGUMENT")
            known = yield RequestStep(
                lambda transport, seconds: transport.metadata(seconds), timeout=timeout, retries=math.inf, codes=codes
            )
            return known["version"]

        def check(states):
            if not any(state["state"] == "AVAILABLE" for state in states):
                raise ServingError("UNAVAILABLE", f"no version is available: {states}", str(self._address))

        states = yield RequestStep(
            lambda transport, seconds: transport.status(seconds), check, timeout, math.inf, _NOT_YET
        )
        return max(state["version"] for state in states if state["state"] == "AVAILABLE")

    def metadata(self):
        """Asks anew, and remembers the answer for the other methods."""
        self._metadata = yield RequestStep(lambda transport, seconds: transport.metadata(seconds))
        return self._metadata

    def predict(self, inputs, signature_name, output_names):
        """Any signature."""
        return (yield from self._on_known_signatures(lambda: self._predict(inputs, signature_name, output_names)))

    def _on_known_signatures(self, make_plan):
        """Runs a plan; once again where the server meanwhile runs another version with other signatures."""
        known = self._metadata
        if known is None:
            known = yield from self.metadata()
        try:
            return (yield from make_plan())
        except (ServingError, ValueError) as error:
            if isinstance(error, ServingError) and error.code not in _FROM_OTHER_VERSION:
                raise
            if (yield from self.metadata())["signatures"] == known["signatures"]:
                raise
        return (yield from make_plan())

    def _signature(self, name):
        signatures = self._metadata["signatures"]
        if name not in signatures:
            raise ValueError(
                f"A signature must be one of {sorted(signatures)}. Received: {name!r}. Export the model anew with kmm, "
                "if it is missing."
            )
        return signatures[name]

    def _predict(self, inputs, signature_name, output_names):
        signature = self._signature(signature_name)
        if set(inputs) != set(signature["inputs"]):
            raise ValueError(
                f"The inputs of {signature_name!r} must be {sorted(signature['inputs'])}. Received: {sorted(inputs)}. "
                "Ask with predict() where a model takes more than pictures and prompts."
            )
        wanted = list(signature["outputs"] if output_names is None else output_names)
        if not set(wanted) <= set(signature["outputs"]):
            raise ValueError(
                f"The outputs of {signature_name!r} must be of {sorted(signature['outputs'])}. Received: {wanted}. "
                "Leave the names out for all of them."
            )
        outputs = yield RequestStep(
            lambda transport, seconds: transport.predict(signature_name, inputs, wanted, signature, seconds)
        )
        missing = set(wanted) - set(outputs)
        if missing:
            text = f"an answer to {signature_name!r} without {sorted(missing)}"
            raise ServingError("FAILED_PRECONDITION", text, str(self._address))  # perhaps another version's
        return {name: _typed(outputs[name], signature["outputs"][name]["dtype"]) for name in wanted}


def _typed(array, dtype):
    """The array in its dtype, which JSON does not carry."""
    return np.asarray(array) if dtype == "string" or dtype.startswith("DT_") else np.asarray(array).astype(dtype)
