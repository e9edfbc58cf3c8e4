"""The test part of a split. Only kflab.ml.evaluation may import this module: that is the lock."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["open_test"]


def open_test(split: Path) -> pd.DataFrame:
    """The rows of the test part, with their numbers in the source. Raises FileNotFoundError."""
    return pd.read_parquet(split / "test.parquet")
