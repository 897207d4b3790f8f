"""The work of `measure_data.py` in a PyTorch `DataLoader` with Pillow: `python torch_loader.py FOLDER SECONDS`.

Prints examples per second. Needs torch and Pillow, nothing of kmm; the folder is written by `measure_data.py`.
"""

import json
import pathlib
import random
import re
import sys
import time

import numpy as np
import torch
from PIL import Image

SIZE, LENGTH, BATCH_SIZE, WORKERS = 224, 12, 32, 2
SIDES = {"left": "right", "right": "left"}


class Phrases(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.folder = folder
        self.rows = json.loads((folder / "phrases.json").read_text())
        self.vocabulary = {word: i + 2 for i, word in enumerate(sorted({w for r in self.rows for w in r[1].split()}))}

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        number, prompt = self.rows[index]
        with Image.open(self.folder / f"{number}.jpg") as file:
            picture = file.convert("RGB")
        with Image.open(self.folder / f"{number}.png") as file:
            mask = file.convert("L")
        left, top = (random.randint(0, length - SIZE) for length in picture.size)
        box = (left, top, left + SIZE, top + SIZE)
        picture, mask = picture.crop(box), mask.crop(box)
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            mask = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            prompt = re.sub(r"\b(left|right)\b", lambda match: SIDES[match[0]], prompt)
        ids = [self.vocabulary.get(word, 1) for word in prompt.split()][:LENGTH]
        tokens = torch.tensor(ids + [0] * (LENGTH - len(ids)))
        return torch.from_numpy(np.array(picture)), tokens, tokens != 0, torch.from_numpy(np.array(mask))


def main():
    loader = torch.utils.data.DataLoader(
        Phrases(pathlib.Path(sys.argv[1])), BATCH_SIZE, shuffle=True, num_workers=WORKERS, persistent_workers=True
    )
    for _ in loader:  # workers start, files enter the page cache
        pass
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < float(sys.argv[2]):
        for images, *_ in loader:
            count += len(images)
    print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
