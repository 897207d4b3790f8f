"""How fast a model answers, and how large it is."""

import math
import statistics
import time

from kmm.data.build_dataset import build_dataset
from kmm.evaluation.predict_function import predict_function
from kmm.evaluation.source_view import SourceView
from kmm.reporting.html_elements import definitions, number, paragraph
from kmm.reporting.report_context import MODEL
from kmm.reporting.section import Section

REQUESTS = 15


def speed_section(context):
    """Pictures per second in batches, milliseconds for one picture, parameters and size of the file.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `images_per_second`, `prompts_each`, `batch_size`, `latency_ms`, `parameters`,
        `trainable_parameters` and `file_bytes` (`None` where no file is known).
    """
    scores, collector, path = context.scores, context.collector, context.file(MODEL)
    data = {
        "images_per_second": collector.images_per_second,
        "prompts_each": collector.num_prompts,
        "batch_size": min(context.batch_size, int(scores.pictures.max()) + 1),
        "latency_ms": _latency(context),
        "parameters": int(context.model.count_params()),
        "trainable_parameters": sum(math.prod(weight.shape) for weight in context.model.trainable_weights),
        "file_bytes": None if path is None else path.stat().st_size,
    }
    each = f", {data['prompts_each']} prompts each" if data["prompts_each"] > 1 else ""
    pairs = [
        (
            "pictures per second",
            f"{number(data['images_per_second'], 1)} (in batches of {data['batch_size']}{each}; median)",
        ),
        ("one picture, one prompt", f"{number(data['latency_ms'], 1)} ms (median of {REQUESTS})"),
        ("parameters", f"{data['parameters']:,}, of which {data['trainable_parameters']:,} are trainable"),
        ("model.keras", data["file_bytes"] and f"{data['file_bytes'] / 2**20:.1f} MiB"),
    ]
    note = "Prediction alone, pictures and words being in memory; what else the machine does slows it down."
    return Section(data, [definitions(pairs), paragraph(note, "note")])


def _latency(context):
    view = SourceView(context.source, [0])
    dataset = build_dataset(view, context.split, 1, context.model.image_size, context.collector.tokenizer, 1)
    predict = predict_function(context.model, 1, dataset.element_spec[0])
    inputs = next(iter(dataset))[0]
    seconds = []
    for _ in range(REQUESTS + 2):  # the first ones compile and warm up
        start = time.perf_counter()
        predict(inputs)[1].numpy()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[2:])
