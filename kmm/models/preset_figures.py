"""Size and speed of the presets, written by `python tests/benchmarks/measure_presets.py`. Plain data.

Measured on 2 CPU cores in mixed_bfloat16. Other machines have other speeds.
"""

preset_figures = {
    "shapes": {"parameters": 673120, "training_images_per_second": 45.79, "latency_ms": 10.01},
    "referring": {"parameters": 2977456, "training_images_per_second": 18.71, "latency_ms": 20.12},
    "semantic": {"parameters": 5903872, "training_images_per_second": 22.46, "latency_ms": 30.43},
    "semantic_image_only": {"parameters": 5574656, "training_images_per_second": 23.96, "latency_ms": 25.71},
    "classic_fcn": {"parameters": 489429, "training_images_per_second": 51.84, "latency_ms": 21.53},
    "hu2016": {"parameters": 2707841, "training_images_per_second": 27.39, "latency_ms": 15.43},
    "rmi_like": {"parameters": 2779585, "training_images_per_second": 18.37, "latency_ms": 18.95},
    "film_fpn": {"parameters": 2690000, "training_images_per_second": 20.93, "latency_ms": 18.44},
    "pwam_fpn": {"parameters": 2714960, "training_images_per_second": 18.89, "latency_ms": 19.52},
    "vgg16_bert": {"parameters": 15349728, "training_images_per_second": 3.41, "latency_ms": 94.42},
    "light": {"parameters": 354872, "training_images_per_second": 69.68, "latency_ms": 9.06},
}
"""A dict from preset to what `kmm.training.measure_presets` gives for it."""
