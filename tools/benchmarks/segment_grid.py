"""The chooser's grid for ParaRNN's cells: shapes, and numbers that forget fast, slowly or never.

A choice is made for a shape; whether the cell forgets is seen by the call alone. So a cell of the grid is a
shape and a kind of numbers, and those of one shape share libraries. All plans must give the same bits.
"""
import itertools

import numpy as np

from . import grid, memory
from .pararnn import Cifg, Gru, slowed

BATCHES, STEPS, CHANNELS = (1, 2, 8), (16, 256, 4096, 65536), (1, 2, 4, 16, 64)
NUMBERS = {"gentle": (0.9, 0), "update gate -6": (0.9, -6), "weights 12": (12, 0)}  # scale of weights, bias


class Cell(grid.Cell):
    tolerance = 0

    def __init__(self, cell, numbers, *sizes):
        super().__init__(f"{cell.name}, {numbers}", *sizes, file=cell.file)
        self.cell, (self.scale, self.bias) = cell, NUMBERS[numbers]


class Arena(grid.Arena):
    """Memory for any cell: inputs are normal, weights uniform, initial states, whose names end in 0, zero."""

    def __init__(self, size):
        self.data, self.room = memory.empty((size // 4,)), memory.empty((size // 4,))
        self.block = np.random.default_rng(7).standard_normal(1 << 20, np.float32)

    def arrays(self, cell):
        """(inputs, results) of a cell."""
        random, inputs = np.random.default_rng(8), []
        for name, shape in cell.inputs:
            if name == "u":
                u = self.data[:int(np.prod(shape))]
                for at in range(0, u.size, self.block.size):
                    u[at:at + self.block.size] = self.block[:u.size - at]
                inputs.append(slowed(cell.cell, u.reshape(shape), cell.bias))
            elif name.endswith("0"):
                inputs.append(memory.empty(shape))
            else:
                inputs.append(memory.copy(random.uniform(-cell.scale, cell.scale, shape)))
        return inputs, self.results(cell)


def all_cells():
    """Every cell with every kind of numbers at every size; those of one shape stand together."""
    return [Cell(cell, numbers, *sizes) for cell in (Gru, Cifg)
            for sizes in itertools.product(BATCHES, STEPS, CHANNELS) for numbers in NUMBERS]
