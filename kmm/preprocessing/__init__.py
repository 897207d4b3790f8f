"""Deterministic preparation of pictures, masks and words, shared by training, evaluation and export."""

from kmm.preprocessing.decode_image import decode_image
from kmm.preprocessing.prompt_tokenizer import PromptTokenizer
from kmm.preprocessing.resize import resize_images, resize_masks

__all__ = ["PromptTokenizer", "decode_image", "resize_images", "resize_masks"]
