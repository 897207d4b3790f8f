"""Deterministic preparation of pictures, masks and words, and reading of answers, the same from training to export."""

from kmm.preprocessing.boxes_from_masks import boxes_from_masks
from kmm.preprocessing.coco_masks import mask_from_polygons, mask_from_rle
from kmm.preprocessing.decode_image import decode_image
from kmm.preprocessing.mask_outputs import masks_from_logits, scores_from_logits
from kmm.preprocessing.prompt_tokenizer import PromptTokenizer
from kmm.preprocessing.raw_prompts import RawPrompts
from kmm.preprocessing.read_image import read_image
from kmm.preprocessing.read_mask import read_mask
from kmm.preprocessing.resize import prepare_images, resize_images, resize_masks
from kmm.preprocessing.word_piece_tokenizer import WordPieceTokenizer
from kmm.preprocessing.word_vectors import WordVectors

__all__ = [
    "PromptTokenizer",
    "RawPrompts",
    "WordPieceTokenizer",
    "WordVectors",
    "boxes_from_masks",
    "decode_image",
    "mask_from_polygons",
    "mask_from_rle",
    "masks_from_logits",
    "prepare_images",
    "read_image",
    "read_mask",
    "resize_images",
    "resize_masks",
    "scores_from_logits",
]
