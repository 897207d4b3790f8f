"""`kmm predict`: the masks that prompts give on one photograph."""

import pathlib

from kmm.cli.load_model import add_model_arguments, load_model

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
    add_model_arguments(parser)
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
    paths = [output]
    if len(args.prompt or ()) > 1:
        paths = [output.with_stem(f"{output.stem}-{number + 1}") for number in range(len(args.prompt))]
    overlay = output.with_stem(f"{output.stem}-overlay")
    _check_paths((args.image, args.model), (*paths, overlay))
    from kmm.preprocessing import masks_from_logits, read_image, scores_from_logits
    from kmm.preprocessing.tokenizer_for import tokenizer_for

    image = read_image(args.image)
    model = load_model(args.model, args.trust)
    tokenizer = tokenizer_for(model)
    prompts = _check_prompts(args.prompt, tokenizer)
    logits = _ask(model, tokenizer, image, prompts)
    masks = masks_from_logits(logits, image.shape[:2], args.threshold).numpy()
    scores = scores_from_logits(logits, args.threshold).numpy()

    output.parent.mkdir(parents=True, exist_ok=True)
    colors = list(COLORS) if model.num_classes == 1 else [""]
    for number, (path, prompt, mask, score) in enumerate(zip(paths, prompts, masks, scores, strict=True)):
        _write_image(mask * (255 if model.num_classes == 1 else 1), path)
        color = colors[number % len(colors)]
        share = f", {mask.mean():.1%} of the picture, {color}" if color else ""
        print(f"{path}: {prompt!r} score {score:.3f}{share}" if prompt else f"{path}: score {score:.3f}{share}")
    _write_image(_draw(image, masks, model.num_classes), overlay)
    print(overlay)


def _check_paths(read, written):
    """Refuses to write over what is read."""
    for path in written:
        if any(path.resolve() == pathlib.Path(other).resolve() for other in read):
            raise ValueError(
                f"An output must not replace the photograph or the model. Received: {path}. Choose another --output."
            )


def _check_prompts(prompts, tokenizer):
    """The prompts to ask; a model of images alone, which has no tokenizer, is asked once, without words."""
    if tokenizer is not None and not prompts:
        raise ValueError("This model reads words. Received: no --prompt. Give at least one --prompt TEXT.")
    if tokenizer is None and prompts:
        raise ValueError(f"This model reads no words. Received: {prompts}. Leave --prompt out.")
    return prompts or [""]


def _write_image(pixels, path):
    from PIL import Image

    Image.fromarray(pixels).save(path)


def _ask(model, tokenizer, image, prompts):
    """Logits `(num_prompts, height, width, classes)` at the model's size; the photograph is encoded once."""
    from kmm import feature_keys
    from kmm.preprocessing import prepare_images
    from kmm.preprocessing.mask_outputs import segmentation_logits

    inputs = {feature_keys.IMAGES: prepare_images(image, model.image_size)[None]}
    if tokenizer is not None:
        inputs.update(tokenizer([prompts]))
    return segmentation_logits(model.for_prompts(len(prompts))(inputs, training=False))[0]


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
