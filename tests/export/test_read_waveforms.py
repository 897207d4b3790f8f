import numpy as np
import tensorflow as tf

from kmm.export.read_waveforms import read_waveforms


def wave(rate, seconds, hertz=50.0):
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype("float32") * 0.5


def read(files, samples=800):
    waveforms, status = read_waveforms(tf.constant(files), samples, sample_rate=8000, max_bytes=200_000)
    return waveforms.numpy(), [value.decode().split(":")[0] for value in status.numpy()]


def encode(channels, rate):
    return tf.audio.encode_wav(np.stack(channels, axis=-1), rate).numpy()


def test_same_rate_is_read_as_it_is():
    waveforms, status = read([encode([wave(8000, 0.1)], 8000)])
    np.testing.assert_allclose(waveforms[0], wave(8000, 0.1), atol=1e-4)
    assert status == ["OK"]


def test_other_rates_are_resampled_and_channels_averaged():
    for rate in (4000, 16000, 44100):
        sound = wave(rate, 0.1)
        waveforms, _ = read([encode([2 * sound, 0 * sound], rate)])
        np.testing.assert_allclose(waveforms[0][20:-20], wave(8000, 0.1)[20:-20], atol=0.02)


def test_longer_is_cut_and_shorter_is_filled_with_silence():
    waveforms, status = read([encode([wave(8000, 1.0)], 8000), encode([wave(8000, 0.05)], 8000), b""])
    np.testing.assert_allclose(waveforms[0], wave(8000, 0.1), atol=1e-4)
    np.testing.assert_allclose(waveforms[1], np.concatenate([wave(8000, 0.05), np.zeros(400)]), atol=1e-4)
    assert not waveforms[2].any() and status == ["OK"] * 3


def test_bad_files_are_told():
    good = encode([wave(8000, 0.1)], 8000)
    waveforms, status = read([b"RIFF", good[:30], b"x" * 200_001, encode([wave(8000, 0.1)], 1)])
    assert status == ["DAMAGED_SOUND", "DAMAGED_SOUND", "TOO_MANY_BYTES", "OK"]
    assert not waveforms[:3].any() and waveforms.shape == (4, 800)
