import asyncio

import numpy as np
import pytest
import tensorflow as tf

from kmm.serving.server.batcher import Batcher, _Item
from kmm.serving.server.request_error import RequestError
from tests.cases.served_echo import echo_inputs, echo_version

NAMES = ("text_bytes", "doubled")


def run(check, **settings):
    """Runs `check(batcher, version)` in an event loop."""

    async def main():
        batcher, version = Batcher(**settings), echo_version()
        try:
            await asyncio.wait_for(check(batcher, version), 20)
        finally:
            version.session.release.set()
            batcher.close()
        assert version.users == 0 and batcher.queued_rows == 0

    asyncio.run(main())


def ask(batcher, version, *texts, names=NAMES, signature_name="serving_default"):
    return asyncio.create_task(batcher.run(version, signature_name, echo_inputs(*texts), names, len(texts)))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_an_idle_worker_runs_a_request_at_once():
    async def check(batcher, version):
        answer = await ask(batcher, version, "a", "b")
        assert list(answer["text_bytes"]) == [b"a", b"b"]
        np.testing.assert_array_equal(answer["doubled"], [[0, 2], [4, 6]])
        assert version.session.runs == [2]

    run(check)


def test_what_waits_is_merged_and_split_again():
    rows = []

    async def check(batcher, version):
        version.session.release.clear()
        tasks = [ask(batcher, version, "first")]
        await asyncio.sleep(0.01)
        tasks += [ask(batcher, version, *texts) for texts in (("a",), ("b", "c"), ("d",))]
        await until(lambda: batcher.queued_rows == 4)
        version.session.release.set()
        answers = await asyncio.gather(*tasks)
        assert [list(answer["text_bytes"]) for answer in answers] == [[b"first"], [b"a"], [b"b", b"c"], [b"d"]]
        np.testing.assert_array_equal(answers[2]["doubled"], [[0, 2], [4, 6]])
        assert version.session.runs == [1, 4] == rows

    run(check, workers=1, observe_batch=rows.append)


def test_merged_runs_have_at_most_so_many_rows_and_one_kind():
    async def check(batcher, version):
        version.session.release.clear()
        tasks = [ask(batcher, version, "first")]
        await asyncio.sleep(0.01)
        tasks += [ask(batcher, version, "a"), ask(batcher, version, "b", names=("doubled",))]
        tasks += [ask(batcher, version, "c", signature_name="other"), ask(batcher, version, "d", "e")]
        tasks += [ask(batcher, version, "f")]
        await until(lambda: batcher.queued_rows == 6)
        version.session.release.set()
        answers = await asyncio.gather(*tasks)
        assert list(answers[2]) == ["doubled"] and list(answers[5]["text_bytes"]) == [b"f"]
        assert version.session.runs == [1, 2, 1, 1, 2]

    run(check, workers=1, max_batch_size=2)


def test_a_failure_is_not_shared_with_neighbors():
    async def check(batcher, version):
        version.session.release.clear()
        first = ask(batcher, version, "first")
        await asyncio.sleep(0.01)
        tasks = [ask(batcher, version, text) for text in ("a", "bad", "b")]
        await until(lambda: batcher.queued_rows == 3)
        version.session.release.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [list(results[index]["text_bytes"]) for index in (0, 2)] == [[b"a"], [b"b"]]
        assert isinstance(results[1], tf.errors.InvalidArgumentError)
        assert version.session.runs == [1, 3, 1, 1, 1]
        await first

    run(check, workers=1)


def test_a_long_request_runs_in_slices():
    async def check(batcher, version):
        texts = [str(number) for number in range(7)]
        answer = await ask(batcher, version, *texts)
        assert [text.decode() for text in answer["text_bytes"]] == texts
        assert answer["doubled"].shape == (7, 2) and sorted(version.session.runs) == [2, 2, 3]
        with pytest.raises(tf.errors.InvalidArgumentError, match="a bad row"):
            await ask(batcher, version, *texts, "bad")

    run(check, max_batch_size=3)


def test_slices_without_a_batch_axis_cannot_be_joined():
    async def check(batcher, version):
        version.session.run = lambda *arguments: {"doubled": np.zeros(())}
        with pytest.raises(RequestError, match="An output has no batch axis; send 3 rows at most"):
            await ask(batcher, version, *"abcd", names=("doubled",))

    run(check, max_batch_size=3)


def test_rows_that_stand_for_all_are_not_merged():
    async def check(batcher, version):
        version.session.release.clear()
        inputs = {**echo_inputs("a", "b", "c"), "numbers": np.ones((1, 2), "float32")}
        tasks = [ask(batcher, version, "first")]
        await asyncio.sleep(0.01)
        tasks += [asyncio.create_task(batcher.run(version, "other", inputs, NAMES, 3)) for _ in range(2)]
        await until(lambda: batcher.queued_rows == 6)
        version.session.release.set()
        answers = await asyncio.gather(*tasks)
        assert answers[1]["doubled"].shape == (1, 2) and version.session.runs == [1, 3, 3]

    run(check, workers=1)


def test_outputs_without_a_row_for_each_are_asked_alone():
    async def check(batcher, version):
        echo = version.session.run
        version.session.run = lambda *arguments: {"doubled": np.zeros((1, 2))} if echo(*arguments) else {}
        version.session.release.clear()
        tasks = [ask(batcher, version, "first")]
        await asyncio.sleep(0.01)
        tasks += [ask(batcher, version, text) for text in "ab"]
        await until(lambda: batcher.queued_rows == 2)
        version.session.release.set()
        await asyncio.gather(*tasks)
        assert version.session.runs == [1, 2, 1, 1]

    run(check, workers=1)


def test_a_full_queue_refuses():
    async def check(batcher, version):
        version.session.release.clear()
        tasks = [ask(batcher, version, "first")]
        await asyncio.sleep(0.01)
        tasks += [ask(batcher, version, "a", "b")]
        await asyncio.sleep(0.01)
        with pytest.raises(RequestError, match="The queue is full: 2 rows are waiting") as caught:
            await ask(batcher, version, "c")
        assert caught.value.code == "RESOURCE_EXHAUSTED"
        version.session.release.set()
        await asyncio.gather(*tasks)

    run(check, workers=1, max_queued=2)


def test_who_gives_up_leaves_the_queue():
    async def check(batcher, version):
        version.session.release.clear()
        first, second, third = (ask(batcher, version, text) for text in "abc")
        await until(lambda: batcher.queued_rows == 2)
        second.cancel()
        await until(lambda: batcher.queued_rows == 1)
        first.cancel()  # runs already: its answer goes nowhere
        version.session.release.set()
        assert list((await third)["text_bytes"]) == [b"c"]
        assert version.session.runs == [1, 1]

    run(check, workers=1)


def test_a_version_is_in_use_while_it_runs():
    async def check(batcher, version):
        version.session.release.clear()
        task = ask(batcher, version, "a")
        await until(lambda: version.users == 1)
        task.cancel()
        await asyncio.sleep(0.01)
        assert version.users == 1
        version.session.release.set()
        await until(lambda: version.users == 0)

    run(check)


def test_a_sliced_request_needs_room_for_all_its_rows():
    async def check(batcher, version):
        version.session.release.clear()
        tasks = [ask(batcher, version, text) for text in "ab"]
        await until(lambda: batcher.queued_rows == 1)
        with pytest.raises(RequestError, match="The queue is full: 1 rows are waiting"):
            await ask(batcher, version, *"cdefg")
        assert batcher.queued_rows == 1
        version.session.release.set()
        await asyncio.gather(*tasks)
        assert version.session.runs == [1, 1]

    run(check, workers=1, max_batch_size=1, max_queued=4)


def test_slices_that_nobody_wants_any_more_do_not_run():
    async def check(batcher, version):
        tasks = [ask(batcher, version, *texts) for texts in (("bad", "a", "b"),)]
        loop = asyncio.get_running_loop()
        item = _Item(version, "other", echo_inputs("x"), NAMES, 1, loop.create_future())
        version.session.release.clear()
        await until(lambda: version.users)
        batcher._queue.append(item)
        batcher.queued_rows += 1
        item.future.cancel()
        version.session.release.set()
        with pytest.raises(tf.errors.InvalidArgumentError, match="a bad row"):
            await tasks[0]
        await until(lambda: not version.users)
        assert 3 >= len(version.session.runs) and batcher.queued_rows == 0
        batcher._queue.append(item)
        batcher._dispatch()
        assert not version.users and not batcher._queue

    run(check, workers=1, max_batch_size=1)
