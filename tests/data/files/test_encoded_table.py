import concurrent.futures
import gc

import pytest

from kmm.data.files.encoded_table import EncodedTable


def test_items_in_any_order():
    items = [bytes([number]) * (number % 7) for number in range(50)]
    calls = []

    def read_all():
        calls.append(1)
        yield from items

    table = EncodedTable(read_all, 50, "numbers")
    assert len(table) == 50 and not calls
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(table.__getitem__, reversed(range(50)))) == items[::-1]
    assert len(calls) == 1
    for index in (50, -1):
        with pytest.raises(IndexError, match=f"items 0 to 49. Received: index={index}"):
            table[index]


@pytest.mark.parametrize("count", [2, 4])
def test_a_wrong_number_of_items(count):
    table = EncodedTable(lambda: iter([b"a"] * 3), count, "numbers")
    with pytest.raises(ValueError, match=f"as are announced, {count}. Received: 3 from numbers. Prepare the data anew"):
        table[0]


def test_an_item_that_cannot_be_read():
    attempts = []

    def read_all():
        yield b"a"
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("unplugged")
        yield b"b"

    table = EncodedTable(read_all, 2, "numbers")
    with pytest.raises(OSError, match="unplugged"):
        table[0]
    assert table[1] == b"b"


def test_the_file_is_closed_with_the_table():
    table = EncodedTable(lambda: iter([b"a"]), 1, "numbers")
    assert table[0] == b"a"
    file = table._file
    del table
    gc.collect()
    assert file.closed
