"""Sound from the bytes of WAV files that strangers send."""

import tensorflow as tf

from kmm.export import statuses
from kmm.export.read_pictures import PARALLEL_PICTURES
from kmm.export.try_decode import try_decode


def read_waveforms(audio_bytes, samples, sample_rate, max_bytes):
    """Decodes WAV files of any rate and number of channels into the sound that a model hears.

    Channels are averaged, another rate is resampled linearly, and the sound is cut, or filled with silence at its end.
    No bytes at all are silence.

    Args:
        audio_bytes: strings `(batch,)`: WAV files of 16-bit PCM.
        samples: length of the model's waveforms.
        sample_rate: of the model, in Hz.
        max_bytes: the longest file that is read.

    Returns:
        float32 waveforms `(batch, samples)` in [-1, 1], and strings `(batch,)`, one of `kmm.export.statuses`.

    Example:

    >>> wav = tf.audio.encode_wav(tf.zeros((100, 2)), 16000)
    >>> waveforms, status = read_waveforms(wav[None], samples=80, sample_rate=8000, max_bytes=1000)
    >>> tuple(waveforms.shape), status.numpy().tolist()
    ((1, 80), [b'OK'])
    """

    def read(file_bytes):
        too_long = tf.strings.length(file_bytes) > max_bytes
        given = tf.strings.length(file_bytes) > 0
        nothing = tf.zeros((0, 1))
        sound = tf.cond(given & ~too_long, lambda: try_decode(decode, file_bytes, nothing), lambda: nothing)
        heard = tf.shape(sound)[0]
        waveform = tf.cond(heard > 0, lambda: sound[:samples, 0], lambda: tf.zeros((0,)))
        waveform = tf.pad(waveform, [[0, samples - tf.shape(waveform)[0]]])
        status = tf.where(given & (heard == 0), statuses.DAMAGED_SOUND, statuses.OK)
        status = tf.where(too_long, statuses.too_many_bytes(max_bytes), status)
        return tf.ensure_shape(waveform, (samples,)), status

    def decode(file_bytes):
        sound, rate = tf.audio.decode_wav(file_bytes)
        # What is not heard is cut before it is resampled: a header may claim any rate.
        ratio = sample_rate / tf.maximum(rate, 1)
        sound = sound[: tf.cast(tf.math.ceil(samples / ratio), "int32") + 1]
        sound = tf.reduce_mean(sound, axis=-1)[:, None, None]  # as a picture of one pixel's width
        length = tf.cast(tf.round(tf.cast(tf.shape(sound)[0], "float64") * ratio), "int32")
        return tf.image.resize(sound, (length, 1), antialias=True)[..., 0]

    specs = (tf.TensorSpec((samples,), "float32"), tf.TensorSpec((), "string"))
    return tf.map_fn(read, audio_bytes, parallel_iterations=PARALLEL_PICTURES, fn_output_signature=specs)
