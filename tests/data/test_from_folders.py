import numpy as np
import pytest
from PIL import Image

from kmm.data.from_folders import from_folders

LEFT = np.zeros((6, 8), np.uint8)
LEFT[:, :4] = 1


def write(folder, image=None, mask=None, **texts):
    """A picture, a mask, and text files by their stems."""
    for kind in ("images", "masks", "prompts"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    if image:
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "images" / image)
    if mask:
        Image.fromarray(LEFT).save(folder / "masks" / mask)
    for stem, text in texts.items():
        (folder / "prompts" / f"{stem}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def folder(tmp_path):
    train = tmp_path / "train"
    write(train, "dog.jpg", "dog.png", dog="the dog\r\n\r\n a dog \n", dog_absent="\ufeffthe cat\nany horse\n")
    write(train, None, "dog_2.png", dog_2="its ball")
    write(train, "dog_3.png", "dog_3.png", dog_3="another dog")  # a picture of its own, not a part of the first
    write(tmp_path / "valid", "a.webp", "a.png", a="\U0001f415")
    (train / "images" / ".hidden.jpg").write_text("")
    (train / "images" / "notes.md").write_text("")
    return tmp_path


def test_splits(folder):
    source = from_folders(folder, seed=3)
    assert (source.name, source.splits, source.seed) == (folder.name, ("train", "val"), 3)
    assert [source.num_examples(split) for split in source.splits] == [2, 1]
    source.check()
    phrases = {"the dog": LEFT, "a dog": LEFT, "its ball": LEFT, "the cat": 0 * LEFT, "any horse": 0 * LEFT}
    assert {text for text, _ in source.all_prompts("train", 0)} == set(phrases)
    example = source.example("train", 0, num_prompts=5)
    for text, mask in zip(example.prompts, example.segmentation_masks, strict=True):
        np.testing.assert_array_equal(mask, phrases[text])
    assert source.all_prompts("train", 1) == [("another dog", "phrase")]
    assert source.prompts("val") == ["\U0001f415"]
    assert source.where("train", 0) == str(folder / "train" / "images" / "dog.jpg")


def test_wordings_of_a_file_come_after_other_files(folder):
    """One line of `dog.txt` is as good as the other, so that two prompts ask for two things."""
    source = from_folders(folder)
    for epoch in range(10):
        texts = source.example("train", 0, epoch, num_prompts=4).prompts
        assert len({"the dog", "a dog"} & set(texts)) == 1


def test_one_folder_is_shared_out(folder):
    for number in range(12):
        write(folder / "train", f"{number}.png", f"{number}.png", **{str(number): "a thing"})
    source = from_folders(folder / "train", val_share=0.3)
    assert source.splits == ("train", "val")
    assert source.num_examples("train") + source.num_examples("val") == 14
    assert from_folders(folder / "train", val_share=0).splits == ("train",)


def test_errors(folder):
    train = folder / "train"
    with pytest.raises(ValueError, match="data folder must exist. Received: directory=.*nowhere. It holds images/"):
        from_folders(folder / "nowhere")
    with pytest.raises(ValueError, match="must hold images/.*Received: no such folders in .*prompts"):
        from_folders(train / "prompts")
    write(folder / "test")
    with pytest.raises(ValueError, match="must hold pictures. Received: none in .*test.images"):
        from_folders(folder)
    (folder / "test").rename(folder.parent / f"{folder.name}_away")

    def fails(name, content, message):
        path = train / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content) if content is not None else path.unlink()
        with pytest.raises(ValueError, match=message):
            from_folders(folder)
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)

    mask = (train / "masks" / "dog.png").read_bytes()
    fails("prompts/cow.txt", b"a cow", "text file must belong to a picture. Received: .*cow.txt")
    fails("prompts/dog_7.txt", b"a cow", "text file must have a mask. Received: .*dog_7.txt.*dog_absent.txt")
    fails("masks/cow.png", mask, "Every mask must have a text file. Received: .*cow.png, no prompts/cow.txt")
    fails("images/cow.png", mask, "Every picture must have prompts. Received: .*cow.png, no prompts/cow.txt")
    fails("images/dog.png", mask, "different stems. Received: .*dog.jpg and dog.png")
    fails("prompts/dog.txt", b" \n\n", "must hold prompts, one a line. Received: nothing in .*dog.txt")
    fails("prompts/dog.txt", b"a dog\nthe \xff", "dog.txt:2: .*utf-8")
    fails("prompts/dog.txt", b"a dog\n" + b"a" * 5000, "dog.txt:2: A prompt must have at most 4096 bytes")
    from_folders(folder).check()


def test_bad_masks_are_named_by_their_text(folder):
    (folder / "train" / "masks" / "dog_2.png").write_bytes(b"")
    with pytest.raises(ValueError, match="dog_2.txt: An image must decode as PNG. Received: .*dog_2.png"):
        from_folders(folder).check()
    (folder / "train" / "images" / "dog.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="images.dog.jpg: An image must decode as JPEG"):
        from_folders(folder).check()
