"""Is the exported model the trained one? `python tests/benchmarks/check_export.py RUN [PHOTOGRAPHS_FOLDER]`.

Loads `RUN/model.keras` with Keras and `RUN/saved_model/<newest>` through TensorFlow's C++ session, as a server does,
asks both about the same JPEG bytes, and prints the share of equal pixels, the size of the weights on disk against their
number, and whether a second load of the Keras file is equal to the bit.
"""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

import kmm
from kmm.export import SavedModelSession
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images


def pictures_and_prompts(model, folder, count=32):
    """JPEG bytes and prompts: photographs of a folder, or `shapes` scenes."""
    if folder is None:
        source = kmm.data.ShapesSource(model.image_size)
        examples = [source.example("test", index) for index in range(count)]
        files = [tf.io.encode_jpeg(example.image, quality=95).numpy() for example in examples]
        return files, [example.prompts[0] for example in examples]
    paths = sorted(pathlib.Path(folder).glob("*.jpg"))[:count]
    words = model.prompt_tokenizer.vocabulary if model.prompt_tokenizer else ["nothing"]
    return [path.read_bytes() for path in paths], [f"the {words[i % len(words)]}" for i in range(len(paths))]


def main(run, folder=None):
    """Measure and print."""
    run = pathlib.Path(run)
    model = keras.saving.load_model(run / "model.keras")
    files, prompts = pictures_and_prompts(model, folder)
    images = tf.stack([prepare_images(decode_image(content), model.image_size) for content in files])
    inputs = {"images": images, **(model.prompt_tokenizer(tf.constant(prompts)) if model.prompt_tokenizer else {})}
    logits = model.predict(inputs, batch_size=8, verbose=0)

    version = max((run / "saved_model").iterdir(), key=lambda path: int(path.name))
    session = SavedModelSession(version)
    served = []
    for first in range(0, len(files), 8):
        feed = {"image_bytes": np.array(files[first : first + 8], object)}
        if model.prompt_tokenizer:
            feed["prompt"] = np.array([prompt.encode() for prompt in prompts[first : first + 8]], object)
        served.append(session.run(feed)["mask"])
    equal = np.mean(np.concatenate(served) == masks_from_logits(logits).numpy())
    print(f"pixels equal, Keras and C++ session: {100 * equal:.4f} % of {len(files)} pictures")

    stored = sum(path.stat().st_size for path in (version / "variables").glob("*.data*"))
    print(f"weights on disk / weights: {stored / (4 * model.count_params()):.3f}")
    again = keras.saving.load_model(run / "model.keras").predict(inputs, batch_size=8, verbose=0)
    print(f"a second load of model.keras is bit-equal: {np.array_equal(again, logits)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
