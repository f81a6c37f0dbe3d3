"""Tables grow behind their columns: nothing that was read before may change, and no two tables may share new rows."""

from copy import copy, deepcopy
from dataclasses import dataclass

import numpy as np

from sim.columns import SPARE, Table, column


@dataclass
class Rows(Table):
    size: np.ndarray = column(0.0)
    memory: np.ndarray = column(1.0, 3)
    alive: np.ndarray = column(True)


def grown(steps=40, seed=3):
    """The same rows appended in steps of random length and held in plain lists."""
    rng, table, sizes = np.random.default_rng(seed), Rows(), []
    for step in range(steps):
        new = rng.uniform(size=rng.integers(0, 4))
        first = len(table)
        assert table.append(len(new), size=new, memory=new).tolist() == list(range(first, first + len(new)))
        sizes += new.tolist()
        if step % 3 == 0:  # a column replaced as a whole, as resolvers do
            table.size = table.size * 2.0
            sizes = [2.0 * size for size in sizes]
    return table, sizes


def test_rows_written_in_many_steps_are_those_of_a_list():
    table, sizes = grown()
    assert table.size.tolist() == sizes
    assert table.memory.shape == (len(sizes), 3)
    assert (table.memory[:, 0] == table.memory[:, 2]).all()
    assert table.alive.dtype == bool
    assert table.alive.all()


def test_an_array_read_before_keeps_its_length_and_values():
    table = Rows()
    table.append(2, size=np.array([1.0, 2.0]))
    before = table.size
    for size in (3.0, 4.0, 5.0, 6.0):
        table.append(1, size=size)
    assert before.tolist() == [1.0, 2.0]


def test_copies_never_write_into_one_another():
    table = Rows()
    table.append(8, size=1.0)
    table.append(1, size=2.0)  # there is room behind the columns now
    for duplicate in (copy, deepcopy):
        other, rows = duplicate(table), len(table)
        table.append(1, size=7.0)
        other.append(1, size=9.0)
        assert (table.size[rows], other.size[rows]) == (7.0, 9.0)


def test_a_part_of_a_column_put_in_its_place_is_no_beginning_of_the_store():
    table = Rows()
    table.append(8, size=np.arange(8.0))
    table.keep(np.arange(8) >= 4)
    table.append(1, size=9.0)
    assert table.size.tolist() == [4.0, 5.0, 6.0, 7.0, 9.0]
    table.size = table.size[::-1]
    table.append(1, size=1.0)
    assert table.size.tolist() == [9.0, 7.0, 6.0, 5.0, 4.0, 1.0]


def test_one_row_at_a_time_copies_a_column_rarely():
    table, stores = Rows(), set()
    for _ in range(1000):
        table.append(1)
        stores.add(id(table.size.base))
    assert len(stores) < 3 * np.log(1000) / np.log(1.0 + SPARE)
