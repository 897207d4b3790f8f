"""`kmm predict`: the masks that prompts give on one photograph."""

import pathlib

from kmm.cli.load_model import load_model

COLORS = {
    "orange": (255, 130, 0),
    "blue": (30, 110, 255),
    "green": (0, 190, 60),
    "magenta": (220, 0, 200),
    "yellow": (250, 220, 0),
    "cyan": (0, 200, 210),
}
"""In which the masks of several prompts are drawn over the photograph, in turns."""


def add_command(commands):
    """Adds the command's parser, and returns it."""
    parser = commands.add_parser(
        "predict",
        help="find what prompts name in a photograph",
        description="Writes masks at the photograph's own size: FILE.png, or FILE-1.png, FILE-2.png, ... for several "
        "prompts, with 255 where the prompt applies (a semantic model: class ids); and FILE-overlay.png, the "
        "photograph with all of them drawn over it (a semantic model: one beside the other).",
    )
    parser.add_argument("--model", required=True, metavar="FILE", help="model.keras")
    parser.add_argument("--image", required=True, metavar="FILE", help="photograph, JPEG or PNG")
    parser.add_argument(
        "--prompt", action="append", metavar="TEXT", help="what to find; can be repeated; not for models without words"
    )
    parser.add_argument("--output", required=True, metavar="FILE.png", help="file to write the mask to")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="probability above which a pixel is in the mask (default: 0.5)"
    )
    return parser


def run(args):
    """Runs the command."""
    output = pathlib.Path(args.output)
    if output.suffix.lower() != ".png":
        raise ValueError(f"Masks are PNG files. Received: output={args.output}. Give a name that ends in .png.")
    if not 0 < args.threshold < 1:
        raise ValueError(f"A threshold lies between 0 and 1. Received: threshold={args.threshold}. Use 0.5.")
    image = _read_image(args.image)
    model = load_model(args.model)
    prompts = _check_prompts(args.prompt, model)
    from kmm.export import masks_from_logits, scores_from_logits

    logits = _ask(model, image, prompts)
    masks = masks_from_logits(logits, image.shape[:2], args.threshold).numpy()
    scores = scores_from_logits(logits, args.threshold).numpy()

    output.parent.mkdir(parents=True, exist_ok=True)
    colors = list(COLORS) if model.num_classes == 1 else [""]
    for number, (prompt, mask, score) in enumerate(zip(prompts, masks, scores, strict=True)):
        path = output if len(prompts) == 1 else output.with_stem(f"{output.stem}-{number + 1}")
        _write_image(mask * (255 if model.num_classes == 1 else 1), path)
        color = colors[number % len(colors)]
        share = f", {mask.mean():.1%} of the picture, {color}" if color else ""
        print(f"{path}: {prompt!r} score {score:.3f}{share}" if prompt else f"{path}: score {score:.3f}{share}")
    overlay = output.with_stem(f"{output.stem}-overlay")
    _write_image(_draw(image, masks, model.num_classes), overlay)
    print(overlay)


def _check_prompts(prompts, model):
    """The prompts to ask; a model of images alone is asked once, without words."""
    if model.context_keys and not prompts:
        raise ValueError("This model reads words. Received: no --prompt. Give at least one --prompt TEXT.")
    if not model.context_keys and prompts:
        raise ValueError(f"This model reads no words. Received: {prompts}. Leave --prompt out.")
    if model.context_keys and model.prompt_tokenizer is None:
        raise ValueError(
            "A model that reads words must carry its tokenizer. Received: model.prompt_tokenizer=None. "
            "Set it and save the model again."
        )
    return prompts or [""]


def _read_image(path):
    """The photograph as uint8 `(height, width, 3)`, turned upright as its EXIF data say."""
    import numpy as np
    from PIL import Image, ImageOps

    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"A photograph must exist. Received: image={path}. Check the path.")
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"A photograph must decode as JPEG or PNG. Received: image={path} ({error}).") from error


def _write_image(pixels, path):
    from PIL import Image

    Image.fromarray(pixels).save(path)


def _ask(model, image, prompts):
    """Logits `(num_prompts, height, width, classes)` at the model's size; the photograph is encoded once."""
    from kmm import feature_keys
    from kmm.preprocessing import resize_images

    inputs = {feature_keys.IMAGES: resize_images(image, model.image_size)[None]}
    if model.context_keys:
        inputs.update(model.prompt_tokenizer([prompts]))
    outputs = model.for_prompts(len(prompts))(inputs, training=False)
    return (outputs[feature_keys.SEGMENTATION_MASKS] if isinstance(outputs, dict) else outputs)[0]


def _draw(image, masks, num_classes):
    import numpy as np

    from kmm.visualization import overlay_mask

    if num_classes > 1:
        names = [str(class_id) for class_id in range(num_classes)]
        return np.concatenate([overlay_mask(image, mask, names) for mask in masks], axis=1)
    colors = list(COLORS.values())
    for number, mask in enumerate(masks):
        image = overlay_mask(image, mask, color=colors[number % len(colors)])
    return image
