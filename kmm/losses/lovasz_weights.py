"""What the Lovász losses weigh each pixel's error with."""

from keras import ops


def lovasz_weights(errors, is_target, pixel_weights):
    """The slope of the Lovász extension of the Jaccard loss with respect to each error.

    Errors are taken from the largest to the smallest; a pixel weighs by how much the Jaccard loss grows when its answer
    becomes wrong too. So the sum of errors times weights is the extension, and no gradient flows through the weights.

    Reference: Berman et al., "The Lovász-Softmax loss: A tractable surrogate for the optimization of the
    intersection-over-union measure in neural networks", 2018, algorithm 1; here with weights of pixels.

    Args:
        errors: not negative, `(..., num_pixels)`.
        is_target: 1 in the target, 0 outside, `(..., num_pixels)`.
        pixel_weights: `(..., num_pixels)`; a pixel of weight 0 counts nowhere.

    Returns:
        Weights `(..., num_pixels)`.

    Example:

    >>> import numpy as np
    >>> weights = lovasz_weights(np.array([0.9, 0.1, 0.5]), np.array([1.0, 1.0, 0.0]), np.ones(3))
    >>> [round(float(weight), 3) for weight in weights]  # Jaccard losses 1/2, then 2/3, then 1
    [0.5, 0.333, 0.167]
    """
    order = ops.argsort(-errors, axis=-1)
    weights = ops.take_along_axis(pixel_weights, order, axis=-1)
    targets = weights * ops.take_along_axis(is_target, order, axis=-1)
    others = weights - targets
    total = ops.sum(targets, axis=-1, keepdims=True)
    unions = total + ops.cumsum(others, axis=-1)
    left = total - ops.cumsum(targets, axis=-1)
    # The differences of 1 - left / unions, without the rounding errors of a difference.
    steps = ops.divide_no_nan(targets + others * ops.divide_no_nan(left, unions - others), unions)
    return ops.stop_gradient(ops.take_along_axis(steps, ops.argsort(order, axis=-1), axis=-1))
