"""The names under which features and labels travel, written once and used everywhere.

A data set yields `(inputs, targets)`; the inputs are a flat dict with these keys, and every model names its inputs by
them. Raw strings are `prompts`; a tokenizer makes `token_ids` and `padding_mask` of them, or hands them on to models
that read strings.
"""

IMAGES = "images"
"""uint8 or float `(batch, height, width, 3)`, values in [0, 255], RGB."""

PROMPTS = "prompts"
"""Raw UTF-8 strings, `(batch,)` or `(batch, num_prompts)`."""

TOKEN_IDS = "token_ids"
"""int32 `(batch, sequence_length)`; 0 is padding, 1 is an unknown word."""

PADDING_MASK = "padding_mask"
"""bool `(batch, sequence_length)`, `True` at real tokens."""

WAVEFORMS = "waveforms"
"""float32 `(batch, samples)`: sound of one channel, values in [-1, 1]."""

SEGMENTATION_MASKS = "segmentation_masks"
"""uint8 `(batch, height, width)` class ids; `IGNORE_VALUE` marks pixels that count nowhere."""

BOUNDING_BOXES = "bounding_boxes"
"""float32 `(num_prompts, 4)`: top, left, bottom and right as shares of height and width; zeros for no box."""

SEQUENCE = "sequence"
"""What a context encoder gives for every step: float `(batch, length, dim)`."""

POOLED = "pooled"
"""What a context encoder gives for the whole sequence: float `(batch, dim)`."""

IGNORE_VALUE = 255
"""The label of pixels that count neither in a loss nor in a metric."""
