"""Asking a model server over gRPC, for asyncio."""

from kmm.serving.client import client_messages
from kmm.serving.client.grpc_transport import GrpcTransport


class AsyncGrpcTransport(GrpcTransport):
    """As `GrpcTransport`, with coroutines; for `AsyncClient`. A task that is cancelled cancels its request.

    To be made while an event loop runs, and used in that loop only.

    Args:
        address: `ModelAddress` with the scheme `grpc` or `grpcs`.
        headers: dict of metadata to send with each request.
    """

    def _make_channel(self, target, secure):
        from grpc import aio

        if secure:
            credentials = self._grpc.ssl_channel_credentials()
            return aio.secure_channel(target, credentials, client_messages.CHANNEL_OPTIONS)
        return aio.insecure_channel(target, client_messages.CHANNEL_OPTIONS)

    async def status(self, timeout):
        """See `client_json.read_status`."""
        request = client_messages.status_request(self._address)
        return client_messages.read_status(await self._call(self._models.GetModelStatus, request, timeout))

    async def metadata(self, timeout):
        """See `client_json.read_metadata`."""
        request = client_messages.metadata_request(self._address)
        return client_messages.read_metadata(await self._call(self._predictions.GetModelMetadata, request, timeout))

    async def predict(self, signature_name, inputs, output_names, signature, timeout):
        """Runs a signature; see `RestTransport.predict`. Only the wanted outputs are sent."""
        request = client_messages.predict_request(self._address, signature_name, inputs, output_names, signature)
        return client_messages.read_predict(await self._call(self._predictions.Predict, request, timeout))

    async def close(self):
        """Closes the channel."""
        await self._channel.close()

    async def _call(self, method, request, timeout):
        try:
            return await method(request, timeout=timeout, metadata=self._headers)
        except self._grpc.RpcError as error:
            raise client_messages.error_from_rpc(error, self._address) from error
