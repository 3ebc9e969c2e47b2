"""Data sets as the hub has them: Parquet files, and a card that says which configuration and split they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(
    folder: Path, config: str, split: str, rows: list[Any], features: Any, files: dict[str, dict[str, str]]
) -> None:
    """Write the rows of one split, and note its file in ``files``."""
    import datasets

    (folder / config).mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_list(rows, features=features).to_parquet(folder / config / f"{split}.parquet")
    files.setdefault(config, {})[split] = f"{config}/{split}.parquet"


def configure(folder: Path, files: dict[str, dict[str, str]]) -> None:
    """The configurations as a data set card states them."""
    lines = ["---", "configs:"]
    for config, splits in files.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        lines += [line for split, file in splits.items() for line in (f"  - split: {split}", f"    path: {file}")]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
