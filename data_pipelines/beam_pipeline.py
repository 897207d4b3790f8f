"""Writing the shards of a data set in parallel: by a pool of processes, or as an Apache Beam pipeline.

Either way a worker gets the items of one shard, makes their records one after the other and writes them with the same
`write_shard`: pictures never travel between workers.
"""

import concurrent.futures
import functools
import multiprocessing
import os
import threading

from data_pipelines.shard_writer import items_of_shards, write_shard


def write_shards_with_beam(data_set, manual_dir, shards, folder, options):
    """Runs the pipeline and waits for its end: items -> grouped by shard -> records -> files.

    Args:
        data_set: an object with `items` and `record`; it is pickled.
        manual_dir: folder of the owner's files, under the same path on every worker.
        shards: every `Shard` of every split.
        folder: where to write, under the same path on every worker.
        options: list of command-line options of Beam, such as `["--runner=FnApiRunner"]`.

    Raises:
        ImportError: if Apache Beam is not installed.
        RuntimeError: if the pipeline fails; with the message of what failed.
    """
    try:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        raise ImportError('Running with Beam needs Apache Beam. Install it: pip install "kmm[beam]".') from error

    by_split = {}
    for shard in shards:
        by_split.setdefault(shard.split, []).append(shard)
    with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
        _ = (
            pipeline
            | "Splits" >> beam.Create(list(by_split.values()), reshuffle=True)
            | "Items" >> beam.FlatMap(functools.partial(_keyed_items, data_set, manual_dir))
            | "By shard" >> beam.GroupByKey()
            | "Write" >> beam.Map(functools.partial(_write_group, data_set, {s.file: s for s in shards}, folder))
        )


def write_shards_in_processes(data_set, manual_dir, shards, folder, workers, on_shard):
    """Writes the shards with a pool of processes on this machine.

    Args:
        data_set: an object with `items` and `record`; it is pickled.
        manual_dir: folder of the owner's files.
        shards: every `Shard` of every split.
        folder: where to write.
        workers: number of processes.
        on_shard: called with the number of items of each shard that is done.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy TensorFlow's threads in whatever state they are
    with concurrent.futures.ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
        running = {}
        try:
            for shard, items in items_of_shards(data_set, manual_dir, shards):
                if len(running) > workers:
                    _take_finished(running, on_shard)
                running[pool.submit(write_shard, data_set, shard, list(items), folder)] = shard
            while running:
                _take_finished(running, on_shard)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _keyed_items(data_set, manual_dir, shards):
    for shard, items in items_of_shards(data_set, manual_dir, shards):
        yield from ((shard.file, (index, item)) for index, item in enumerate(items))


def _write_group(data_set, shards, folder, group):
    file, numbered_items = group
    in_order = sorted(numbered_items, key=lambda pair: pair[0])
    write_shard(data_set, shards[file], (item for _, item in in_order), folder)


def _take_finished(running, on_shard):
    for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
        shard = running.pop(future)
        future.result()
        on_shard(shard.stop - shard.start)


def _end_with_parent():
    """Ends a worker whose parent was killed: left alone, it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
