"""Lets each external key through once, in 8 bytes a key: the rows of a file are more than memory may hold."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importers.fields import FieldInfo
from importers.report import KEPT, IssueLog


class KeyWatch:
    """Remembers 64 bits of each key (SipHash with a secret of this process, as Python hashes text).

    Of five million keys two different ones are taken for the same once in a million files.
    """

    def __init__(self, issues: IssueLog) -> None:
        self._issues = issues
        self._seen: list[np.ndarray] = []  # sorted, each at least twice as long as the next

    def first_of_each(self, keys: pa.Array, field: FieldInfo, rows: np.ndarray) -> pa.Array:
        """The keys with those that an earlier row had set to null, each reported; so are missing ones."""
        filled = pc.is_valid(keys).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(~filled):
            self._issues.add(int(rows[place]), "key-missing", KEPT, field=field.name)
        digests = np.fromiter(map(hash, keys.to_pylist()), np.int64, len(keys))
        again = filled & self._seen_before(digests, filled)
        for place in np.flatnonzero(again):
            self._issues.add(
                int(rows[place]), "key-duplicate", KEPT, field=field.name, value=keys[int(place)].as_py()
            )
        return pc.if_else(pa.array(again), None, keys) if again.any() else keys

    def _seen_before(self, digests: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """Which digests stand at an earlier place or in an earlier batch; all are remembered."""
        places = np.flatnonzero(filled)
        places = places[np.argsort(digests[places], kind="stable")]
        ordered = digests[places]
        repeated = np.zeros(len(ordered), bool)
        repeated[1:] = ordered[1:] == ordered[:-1]
        fresh = ordered[~repeated]
        for earlier in self._seen:
            at = np.minimum(np.searchsorted(earlier, ordered), len(earlier) - 1)
            repeated |= earlier[at] == ordered
        self._remember(fresh)
        found = np.zeros(len(digests), bool)
        found[places] = repeated
        return found

    def _remember(self, ordered: np.ndarray) -> None:
        """Keep sorted arrays of falling length, so that there are few and each key is moved seldom."""
        while self._seen and len(self._seen[-1]) < 2 * len(ordered):
            ordered = np.sort(np.concatenate((self._seen.pop(), ordered)), kind="stable")
        if len(ordered):
            self._seen.append(ordered)
