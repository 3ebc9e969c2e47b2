"""Data frames of any library: pandas as they are, others through Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import RecordError

if TYPE_CHECKING:
    import pandas as pd

#: pandas, polars, Arrow, narwhals, DuckDB, …: what is a frame, or gives its columns as Arrow.
Frame: TypeAlias = Any


def is_frame(value: object) -> bool:
    """Tell whether a value is a data frame of any library."""
    return hasattr(value, "columns") or any(
        hasattr(value, name) for name in ("__arrow_c_stream__", "__dataframe__", "to_native")
    )


def as_frame(value: Frame) -> pd.DataFrame:
    """A data frame of pandas with the same cells.

    Raises
    ------
    RecordError
        If it is no data frame.
    """
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if hasattr(value, "collect") and not hasattr(value, "__arrow_c_stream__"):  # a lazy frame
        value = value.collect()
    if hasattr(value, "__arrow_c_stream__"):
        import pyarrow as pa

        return pa.table(value).to_pandas()
    if hasattr(value, "to_pandas"):
        return pd.DataFrame(value.to_pandas())
    if hasattr(value, "__dataframe__"):
        return pd.api.interchange.from_dataframe(value)
    if hasattr(value, "to_native"):
        return as_frame(value.to_native())
    raise RecordError(
        f"{type(value).__name__} is neither a name nor a data frame.",
        "Give a bundled set's name, a path, or a frame of pandas, polars or Arrow.",
    )
