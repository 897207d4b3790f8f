import io
import pickle
import wave

import numpy as np
import pytest
from PIL import Image

from data_pipelines.avs_bench import MULTI_SOURCE_PROMPT, AvsBench
from kmm.data.record import NO_TARGET

RATE = 40
SIZE = (6, 8)


def write_sound(path, seconds=5.0, channels=2):
    """Each sample tells its own second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.repeat((np.arange(int(seconds * RATE)) // RATE).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def samples_of(record):
    with wave.open(io.BytesIO(record.audio_bytes)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        return np.frombuffer(file.readframes(10**6), "<i2").reshape(-1, file.getnchannels())


def write_picture(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE[::-1], (number, 0, 0)).save(path)


def mask_of(number):
    mask = np.zeros(SIZE, "uint8")
    mask[1:4, number : number + 2] = 1
    return mask


def write_mask(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def single(tmp_path):
    """S4: a training clip with a mask for its first frame, a test clip with five."""
    root = tmp_path / "Single-source"
    data = root / "s4_data"
    for split, category, name in (("train", "dog_barking", "-a_1_0"), ("test", "playing_violin", "b2_5")):
        for number in range(1, 6):
            write_picture(data / "visual_frames" / split / category / name / f"{name}_{number}.png", number)
            if split == "test" or number == 1:
                pixels = np.repeat((mask_of(number) * 255)[..., None], 3, axis=-1)
                write_mask(data / "gt_masks" / split / category / name / f"{name}_{number}.png", pixels)
        write_sound(data / "audio_wav" / split / category / f"{name}.wav")
    table = "name,start,category,split\n-a_1_0,0,dog_barking,train\nb2_5,5,playing_violin,test\n"
    (root / "s4_meta_data.csv").write_text(table)
    return tmp_path


@pytest.fixture
def multiple(tmp_path):
    """MS3: one clip; nothing sounds in its third frame, and in its fourth two things do."""
    root = tmp_path / "Multi-sources"
    data = root / "ms3_data"
    for number in range(1, 6):
        write_picture(data / "visual_frames" / "clip" / f"clip.mp4_{number}.png", number)
        pixels = mask_of(number) * (number != 3)
        if number == 4:
            pixels[5, 0] = 2
        write_mask(data / "gt_masks" / "val" / "clip" / f"clip_{number}.png", pixels)
    write_sound(data / "audio_wav" / "val" / "clip.wav", channels=1)
    (root / "ms3_meta_data.csv").write_text("\ufeffvideo_id,split\nclip,val\n", encoding="utf-8")
    return tmp_path


def test_single_source(single):
    data = AvsBench()
    assert data.splits(single) == ("train", "test")
    (record,) = (data.record(pickle.loads(pickle.dumps(item))) for item in data.items(single, "train"))
    assert (record.key, record.group, record.position) == ("-a_1_0_1", "-a_1_0", 1)
    assert (record.prompts, record.targets, record.kinds) == (("dog barking",), (0,), ("phrase",))
    np.testing.assert_array_equal(record.mask(0), mask_of(1))
    records = [data.record(item) for item in data.items(single, "test")]
    assert [record.position for record in records] == [1, 2, 3, 4, 5]
    for number, record in enumerate(records, start=1):
        assert record.key == f"b2_5_{number}" and record.prompts == ("playing violin",)
        np.testing.assert_array_equal(record.mask(0), mask_of(number))
        np.testing.assert_array_equal(samples_of(record), np.full((RATE, 2), number - 1))
        path = single / "Single-source/s4_data/visual_frames/test/playing_violin/b2_5" / f"b2_5_{number}.png"
        assert record.image_bytes == path.read_bytes()


def test_multiple_sources(multiple):
    data = AvsBench("ms3")
    assert data.splits(multiple) == ("val",)
    records = [data.record(item) for item in data.items(multiple, "val")]
    assert [record.targets for record in records] == [(0,), (0,), (NO_TARGET,), (0,), (0,)]
    assert all(record.prompts == (MULTI_SOURCE_PROMPT,) and record.group == "clip" for record in records)
    np.testing.assert_array_equal(records[0].mask(0), mask_of(1))
    both = mask_of(4)
    both[5, 0] = 1
    np.testing.assert_array_equal(records[3].mask(0), both)
    np.testing.assert_array_equal(samples_of(records[4]), np.full((RATE, 1), 4))


def test_the_whole_clip(single):
    data = AvsBench(sound="clip")
    path = single / "Single-source/s4_data/audio_wav/test/playing_violin/b2_5.wav"
    assert {data.record(item).audio_bytes for item in data.items(single, "test")} == {path.read_bytes()}


def test_short_clips(single):
    write_sound(single / "Single-source/s4_data/audio_wav/test/playing_violin/b2_5.wav", seconds=3.5)
    records = [AvsBench().record(item) for item in AvsBench().items(single, "test")]
    assert [len(samples_of(record)) for record in records[:4]] == [RATE, RATE, RATE, RATE // 2]
    assert records[4].audio_bytes == b""


def test_masks_with_soft_edges(single):
    pixels = np.zeros(SIZE, "uint8")
    pixels[1, :] = [0, 100, 127, 128, 200, 255, 255, 30]
    path = single / "Single-source/s4_data/gt_masks/train/dog_barking/-a_1_0/-a_1_0_1.png"
    write_mask(path, pixels)
    (record,) = (AvsBench().record(item) for item in AvsBench().items(single, "train"))
    assert record.mask(0)[1].tolist() == [0, 0, 0, 1, 1, 1, 1, 0] and record.mask(0).sum() == 4


def test_the_folder_itself(single):
    assert AvsBench().splits(single / "Single-source") == ("train", "test")


def test_counts_of_the_owners():
    assert AvsBench().expected_counts == {"train": 3452, "val": 5 * 740, "test": 5 * 740}
    assert AvsBench("ms3").expected_counts == {"train": 5 * 296, "val": 5 * 64, "test": 5 * 64}


def test_arguments(single):
    with pytest.raises(ValueError, match=r"`subset` must be one of \('s4', 'ms3'\). Received: subset='avss'"):
        AvsBench("avss")
    with pytest.raises(ValueError, match="`sound` must be 'second' or 'clip'. Received: sound=True"):
        AvsBench(sound=True)
    with pytest.raises(
        ValueError, match=r"`split` must be one of \('train', 'test'\). Received: split='val' for .*csv"
    ):
        next(AvsBench().items(single, "val"))


def test_missing_files(single):
    (item,) = AvsBench().items(single, "train")
    data = single / "Single-source" / "s4_data"
    for path in ("audio_wav/train/dog_barking/-a_1_0.wav", "visual_frames/train/dog_barking/-a_1_0/-a_1_0_1.png"):
        (data / path).unlink()
        with pytest.raises(FileNotFoundError, match=f"must exist. Received: .*{path}"):
            AvsBench().record(item)
        write_sound(data / "audio_wav/train/dog_barking/-a_1_0.wav")
    with pytest.raises(FileNotFoundError, match=r"Received: .*ms3_meta_data.csv. Expected:\nMANUAL/"):
        AvsBench("ms3").splits(single)


@pytest.mark.parametrize(
    "table, message",
    [
        ("name,start,label,split\n", r"must have the columns \('category', 'split'\) .* Received: \['name', 'start'"),
        ("", r"must have the columns .* Received: \[\] in .*s4_meta_data.csv"),
        ("name,start,category,split\na,0,dog,train\nb,0,dog\n", "must be complete. Received: line 3 of .*s4_meta_data"),
        ("name,start,category,split\na,0,,train\n", "must be complete. Received: line 2 of .*s4_meta_data.csv"),
    ],
)
def test_damaged_tables(table, message, single):
    (single / "Single-source" / "s4_meta_data.csv").write_text(table)
    with pytest.raises(ValueError, match=message):
        AvsBench().splits(single)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3 not a wave file at all", b"RIFF\x04\x00\x00\x00WAVE"])
@pytest.mark.parametrize("sound", ["second", "clip"])
def test_damaged_sounds(content, sound, single):
    (item,) = AvsBench().items(single, "train")
    (single / "Single-source/s4_data/audio_wav/train/dog_barking/-a_1_0.wav").write_bytes(content)
    with pytest.raises(ValueError, match="must be a WAV file of PCM samples. Received: .*-a_1_0.wav"):
        AvsBench(sound=sound).record(item)


def test_masks_of_colours(single):
    (item,) = AvsBench().items(single, "train")
    write_picture(single / "Single-source/s4_data/gt_masks/train/dog_barking/-a_1_0/-a_1_0_1.png", 9)
    with pytest.raises(ValueError, match="one class id per pixel"):
        AvsBench().record(item)
