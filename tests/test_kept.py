"""Results kept by the objects that they were computed from."""

from __future__ import annotations

import numpy as np
from groundglass.kept import Kept
from groundglass.lens import Lens


def test_equal_numbers_and_texts_and_the_same_objects_find_a_result():
    kept, made, lens = Kept[int](4), [], Lens()
    for _ in range(2):
        kept.of(lambda *inputs: len(made.append(inputs) or made), lens, float("1.5"), "".join("ab"), (1, 2), None)
    assert len(made) == 1


def test_other_objects_with_equal_values_do_not():
    kept = Kept[object](4)
    first, second = np.zeros(3), np.zeros(3)
    assert kept.of(lambda array: array, first) is first
    assert kept.of(lambda array: array, second) is second


def test_the_oldest_result_is_dropped_and_its_inputs_are_free():
    kept, made = Kept[int](2), []
    for number in (1, 2, 3, 1):
        kept.of(lambda number: made.append(number) or number, number)
    assert made == [1, 2, 3, 1]
