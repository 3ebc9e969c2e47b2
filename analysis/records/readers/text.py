"""Text of a file: packed or not, with whatever marks and encodings spreadsheets write."""

from __future__ import annotations

import codecs
from pathlib import Path

from ...core.errors import RecordError

#: Endings of packed files.
PACKED = (".gz", ".zst", ".bz2", ".xz")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked."""
    content = path.read_bytes()
    ending = path.suffix.lower()
    if ending == ".gz":
        import gzip

        return gzip.decompress(content)
    if ending == ".bz2":
        import bz2

        return bz2.decompress(content)
    if ending == ".xz":
        import lzma

        return lzma.decompress(content)
    if ending == ".zst":
        import pyarrow as pa

        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            return bytes(stream.read())
    return content


def read_text(path: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 and UTF-32 with a byte order mark or zeros in every second place.

    Raises
    ------
    RecordError
        If it is none of these.
    """
    content = read_bytes(path)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    if len(content) >= 4 and content[1::2][:50].count(0) > 0.8 * len(content[1::2][:50]):
        return content.decode("utf-16-le")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RecordError(
            f"'{path.name}' cannot be read as text: line {line} is not UTF-8.", "Save it with the encoding UTF-8."
        ) from error
