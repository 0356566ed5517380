"""Krum again and again, each time without the message that it chose: the first stage of Bulyan, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


class SequentialKrum:
    """Choose messages one after the other by Krum's score on those that remain.

    A score counts the n-k-f-2 nearest of the other messages that remain after k choices, so that with each choice the
    counted set of a message loses one member: the chosen message if it belongs to it, else the farthest one. Scores
    are therefore kept by subtraction, with a bound on their rounding, and are summed afresh only for the messages that
    may be the best: what is chosen is what sums taken afresh would choose.

    Parameters
    ----------
    distances : array (n, n)
        Squared distances, symmetric, zero on the diagonal.
    f : int
        Number of Byzantine messages.
    """

    def __init__(self, distances: Any, f: int) -> None:
        self.distances, self.f, self.n = distances, f, len(distances)
        self.rows = np.arange(self.n)
        self.order = np.argsort(distances, axis=-1)
        self.ordered = np.take_along_axis(distances, self.order, axis=-1)
        self.place = np.empty_like(self.order)
        np.put_along_axis(self.place, self.order, np.broadcast_to(self.rows, self.order.shape), axis=-1)
        self.present = np.ones((self.n, self.n), dtype=bool)
        self.alive = np.ones(self.n, dtype=bool)
        self.counted = self._counted(0)
        self.last = np.full(self.n, self.counted - 1)
        self.scores = self.ordered[:, : self.counted].sum(axis=-1)
        self.rounding = 4 * self.n * float(np.finfo(distances.dtype).eps)
        self.slack = self.scores * self.rounding

    def _counted(self, step: int) -> int:
        """Number of messages in a score, the message itself among them, after so many choices."""
        return min(max(1, self.n - step - self.f - 2) + 1, self.n - step)

    def choose(self, count: int) -> Any:
        """Indices (count,) of the chosen messages, in order; the first device wins a tie."""
        chosen = np.empty(count, dtype=np.int64)
        for step in range(count):
            chosen[step] = self._best()
            if step + 1 < count:
                self._remove(int(chosen[step]), self._counted(step + 1))
        return chosen

    def _best(self) -> int:
        upper = np.fmin.reduce((self.scores + self.slack)[self.alive])
        # Scores that overflowed are candidates too.
        candidates = np.flatnonzero(self.alive & ~(self.scores - self.slack > upper))
        if len(candidates) > 1:
            self.scores[candidates] = [self._fresh(row) for row in candidates]
            self.slack[candidates] = self.scores[candidates] * self.rounding
        return int(candidates[self.scores[candidates].argmin()])

    def _fresh(self, row: Any) -> Any:
        present = self.present[row]
        return self.ordered[row][present][: self.counted].sum()

    def _remove(self, message: int, counted: int) -> None:
        places = self.place[:, message]
        inside = places <= self.last
        self.alive[message] = False
        self.present[self.rows, places] = False
        if counted == self.counted:
            # The least number of neighbours is reached: another one takes the place of the chosen message.
            self.scores[:] = [self._fresh(row) for row in self.rows]
            self.last = np.array([np.flatnonzero(row)[counted - 1] if row.any() else -1 for row in self.present])
            return
        self.counted = counted
        self._settle()
        lost = np.where(inside, self.distances[:, message], self.ordered[self.rows, self.last])
        self.scores -= lost
        self.last -= ~inside
        self._settle()

    def _settle(self) -> None:
        """Move the last counted place of each row down to a message that remains."""
        gone = ~self.present[self.rows, self.last] & (self.last > 0)
        while gone.any():
            self.last[gone] -= 1
            gone = ~self.present[self.rows, self.last] & (self.last > 0)
