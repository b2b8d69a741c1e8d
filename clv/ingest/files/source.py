"""Bytes on disk → plain text tables: containers, encodings and line ends, nothing about columns.

Whatever comes in (text, gzip, zip, Excel, Parquet), what goes out is one UTF-8 file with newline line
ends per table. A file that is already that is used where it lies; anything else is spooled once.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import FileError
from clv.ingest.files import encoding as encodings
from clv.ingest.files import json_tables, spooling, workbooks
from clv.ingest.files.spooling import EXPORT_HINT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CHUNK: Final = 16 << 20
#: Bytes looked at in one go: more would be fetched from memory again for every look.
PIECE: Final = 256 << 10
#: Ten times the largest upload; beyond it an archive is taken for a bomb.
MAX_UNPACKED: Final = 5 << 30
#: A member may unpack to at most this many times its packed size (plain tables reach about 30).
MAX_RATIO: Final = 500

_MAGIC: Final = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"{\\rtf": "a word-processor document",
    b"SQLite format 3": "a database file",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML document",
}
#: Tables that programs write as web pages or XML and call .xls.
_TABLE_MARK: Final = re.compile(rb"(?i)<table|office:spreadsheet|office:excel|<workbook")
#: Members of an archive that are read; what else lies beside them (a read-me) is left alone.
_TABLE_NAME: Final = re.compile(
    r"(?i)^(?!__MACOSX/)(?:.*/)?(?!\.|readme|license)[^/]+\.(?:csv|tsv|tab|txt|dat|json|jsonl|ndjson|gz|xlsx|xlsm|xlsb|xls|ods|parquet)$"
)


@dataclass(frozen=True)
class Source:
    """One table as UTF-8 text.

    Attributes
    ----------
    name
        As the user knows it; a member of an archive reads ``orders.zip/part1.csv``.
    path
        UTF-8 text with newline line ends and no byte-order mark.
    encoding
        What the bytes were.
    kind
        ``text``, ``excel``, ``parquet`` or ``json``. The last three arrive as comma-separated text.
    skipped
        What else lay in the same archive or workbook and was not read: it holds no orders.
    left_out
        Tables beside it that may hold orders, but have other columns: name and rows.
    rows
        Filled rows of a sheet; 0 where nobody has counted.
    merged
        Rows in which cells that a workbook shows as part of a merged one were filled from it.
    """

    name: str
    path: Path
    encoding: str
    kind: str = "text"
    skipped: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    rows: int = 0
    merged: int = 0


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def open_sources(
    path: Path,
    spool: Path,
    encoding: str | None = None,
    head: int | None = None,
    name: str = "",
) -> list[Source]:
    """Return the tables in one file.

    Parameters
    ----------
    path
        The user's file; its content decides what it is, not its name.
    spool
        A folder for text that has to be made.
    encoding
        Overrides detection.
    head
        Read about this many bytes only, for a preview.
    name
        What to call the file; by default its own name.

    Raises
    ------
    FileError
        Missing, empty, not a table, damaged, or too large when unpacked.
    """
    name = name or path.name
    try:
        with path.open("rb") as handle:
            start = handle.read(4096)
    except FileNotFoundError:
        msg = f"{path} does not exist."
        raise FileError(msg, "Check the path.") from None
    except IsADirectoryError:
        msg = f"{path} is a folder."
        raise FileError(msg, "Name the files in it.") from None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise FileError(msg) from None
    if not start:
        msg = f"{name} is empty (0 bytes)."
        raise FileError(msg, EXPORT_HINT)
    _refuse_foreign(name, start)
    if start[:2] == b"\x1f\x8b":
        with gzip.open(path) as stream:
            return [_text(name, stream, spool, encoding, head, packed=path.stat().st_size)]
    if start[:4] == b"PK\x03\x04":
        return _from_zip(path, name, spool, encoding, head)
    if start[:4] == b"PAR1":
        return [_parquet(path, name, spool, head)]
    if start[:4] == b"\xd0\xcf\x11\xe0":
        return _workbook(path, name, spool)
    if start[:4] == b"PK\x05\x06":
        msg = f"{name} is an empty archive."
        raise FileError(msg, EXPORT_HINT)
    with path.open("rb") as stream:
        return [_text(name, stream, spool, encoding, head, original=path)]


def _refuse_foreign(name: str, start: bytes) -> None:
    stripped = start.lstrip(codecs.BOM_UTF8).lstrip()
    for magic, what in _MAGIC.items():
        if stripped[: len(magic)].lower() == magic.lower():
            sheet = what in {"a web page", "an XML document"} and _TABLE_MARK.search(stripped)
            hint = "Open it in Excel and save it as .xlsx or CSV." if sheet else EXPORT_HINT
            msg = f"{name} is {what}, whatever its name says."
            raise FileError(msg, hint)


def _from_zip(
    path: Path, name: str, spool: Path, encoding: str | None, head: int | None
) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if office := _office(archive, names):
                if office != "spreadsheet":
                    msg = f"{name} is an Office document, but not a spreadsheet."
                    raise FileError(msg, EXPORT_HINT)
                return _workbook(path, name, spool)
            members = [i for i in archive.infolist() if not i.is_dir() and i.file_size]
            wanted = [i for i in members if _TABLE_NAME.search(i.filename)] or members
            if not wanted:
                msg = f"{name} holds no file."
                raise FileError(msg, EXPORT_HINT)
            if any(i.flag_bits & 1 for i in wanted):
                msg = f"{name} is protected by a password."
                raise FileError(msg, "Unpack it and upload the files inside.")
            if sum(i.file_size for i in wanted) > MAX_UNPACKED:
                msg = f"{name} would unpack to more than {MAX_UNPACKED >> 30} GB."
                raise FileError(msg, "Unpack it and check what is inside.")
            sources = [
                source
                for info in wanted
                for source in _member(archive, info, name, spool, encoding, head)
            ]
            left = tuple(f"{name}/{i.filename}" for i in members if i not in wanted)
            return [replace(sources[0], skipped=left), *sources[1:]]
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError) as error:
        msg = f"{name} is a damaged archive ({error})."
        raise FileError(msg, "Make the archive again, or upload the files inside.") from None


def _member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    name: str,
    spool: Path,
    encoding: str | None,
    head: int | None,
) -> list[Source]:
    """Read one member: text straight from the archive, a packed table unpacked once."""
    inner = f"{name}/{info.filename}"
    with archive.open(info) as stream:
        start = stream.read(4096)
    _refuse_foreign(inner, start)
    if start[:4] not in {b"PK\x03\x04", b"PAR1"} and start[:2] != b"\x1f\x8b":
        with archive.open(info) as stream:
            packed = info.compress_size
            return [_text(inner, stream, spool, encoding, head, packed=packed)]
    unpacked = spooling.new(spool, ".packed")
    with archive.open(info) as stream, unpacked.open("wb") as out:
        _copy_limited(_chunks(stream), out, inner, info.compress_size)
    if zipfile.is_zipfile(unpacked):
        with zipfile.ZipFile(unpacked) as nested:
            if not _office(nested, nested.namelist()):
                msg = f"{name} holds another archive, {info.filename}."
                raise FileError(msg, "Unpack it and upload the files inside.")
    return open_sources(unpacked, spool, encoding, head, inner)


def _office(archive: zipfile.ZipFile, names: Sequence[str]) -> str:
    """Return what an office document is; empty for an archive of another kind."""
    if "[Content_Types].xml" in names:
        return "spreadsheet" if any(n.startswith("xl/") for n in names) else "document"
    if "mimetype" in names:
        with archive.open("mimetype") as stream:
            kind = stream.read(200)
        if b"opendocument" in kind:
            return "spreadsheet" if b"spreadsheet" in kind else "document"
    return ""


def _workbook(path: Path, name: str, spool: Path) -> list[Source]:
    """Return a table for every filled sheet of a workbook."""
    return [
        Source(s.name, s.path, "utf-8", "excel", rows=s.rows, merged=s.merged)
        for s in workbooks.sheets(path, name, spool)
    ]


def _chunks(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := stream.read(PIECE):
        yield chunk


def _copy_limited(chunks: Iterable[bytes], out: IO[bytes], name: str, packed: int) -> None:
    limit = min(MAX_UNPACKED, max(packed * MAX_RATIO, CHUNK))
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > limit:
            msg = f"{name} unpacks to far more than a table of its size would."
            raise FileError(msg, "Unpack it and check what is inside.")
        out.write(chunk)


def _text(
    name: str,
    stream: IO[bytes] | gzip.GzipFile,
    spool: Path,
    encoding: str | None,
    head: int | None,
    *,
    packed: int | None = None,
    original: Path | None = None,
) -> Source:
    """Find the encoding, then spool as UTF-8 unless the original is exactly that already."""
    raw = original
    document = _is_json(stream)
    shown, head = head, None if document else head
    if raw is None or head is not None:
        raw = spooling.new(spool, ".raw")
        try:
            with raw.open("wb") as out:
                if head is not None:
                    out.write(_whole_lines(stream.read(head)))
                else:
                    _copy_limited(_chunks(stream), out, name, packed or 0)
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            msg = f"{name} is a damaged archive ({error})."
            raise FileError(msg, "Make the archive again, or upload the file inside.") from None
    if raw.stat().st_size == 0:
        msg = f"{name} is empty (0 bytes)."
        raise FileError(msg, EXPORT_HINT)
    found, plain = _probe(raw, name)
    chosen = _checked(encoding or found)
    if document:
        if not plain or chosen not in {"utf-8", "ascii"}:
            raw = _transcoded(raw, spool, chosen, name, guessed=encoding is None)
        csv = json_tables.table(raw, name, spool, head=shown is not None)
        return Source(name, csv, chosen, "json")
    if plain and chosen in {"utf-8", "ascii"}:
        return Source(name, raw, "utf-8")
    target = _transcoded(raw, spool, chosen, name, guessed=encoding is None)
    if raw is not original:
        raw.unlink()
    return Source(name, target, chosen)


def _checked(encoding: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        msg = f'There is no encoding "{encoding}".'
        raise FileError(msg, "Try utf-8 or cp1252.") from None
    return encoding


def _is_json(stream: IO[bytes] | gzip.GzipFile) -> bool:
    """Whether text begins like JSON, in whichever encoding."""
    try:
        start = stream.peek(4096)[:4096] if hasattr(stream, "peek") else b""
    except (OSError, EOFError, zlib.error):  # A damaged archive: who reads it says so.
        return False
    wide = encodings.wide(start)
    if wide:
        start = start[: len(start) // 4 * 4].decode(wide, errors="replace").encode()
    return json_tables.is_json(start.removeprefix(codecs.BOM_UTF8))


def _transcoded(raw: Path, spool: Path, encoding: str, name: str, *, guessed: bool) -> Path:
    target = spooling.new(spool, ".txt")
    _transcode(raw, target, encoding, name, guessed=guessed)
    return target


def _whole_lines(head: bytes) -> bytes:
    cut = head.rfind(b"\n")
    return head if cut < 0 else head[: cut + 1]


def _probe(path: Path, name: str) -> tuple[str, bool]:
    """Return the encoding, and whether the bytes need no change at all."""
    with path.open("rb") as handle:
        start = handle.read(65_536)
        if wide := encodings.wide(start):
            return wide, False
        if _binary(start):
            msg = f"{name} is not a text file: it holds binary data."
            raise FileError(msg, EXPORT_HINT)
        handle.seek(0)
        plain, utf8 = not start.startswith(codecs.BOM_UTF8), True
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        odd = b""
        for chunk in _endless(handle):
            plain = plain and b"\r" not in chunk and b"\0" not in chunk
            if chunk.isascii() and not decoder.getstate()[0]:
                continue  # No character is open, and none is begun.
            if len(odd) < encodings.SAMPLE:
                odd += encodings.lines_of(chunk[: chunk.rfind(b"\n") + 1] or chunk) + b"\n"
            try:
                if utf8:
                    decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                utf8 = False
    return ("utf-8", plain) if utf8 else (encodings.guess(odd), False)


def _binary(start: bytes) -> bool:
    """Whether bytes have more control characters than text could."""
    control = sum(start.count(bytes([c])) for c in range(32) if c not in {9, 10, 12, 13, 26})
    return control > 0.02 * len(start)


def _latin_fallback(error: UnicodeError) -> tuple[str, int]:
    """Give the five bytes that cp1252 leaves undefined their latin-1 meaning, so none is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("clv_latin", _latin_fallback)


def _transcode(raw: Path, target: Path, encoding: str, name: str, *, guessed: bool) -> None:
    """Write UTF-8 with newline line ends; lone carriage returns end lines only where they are many."""
    with raw.open("rb") as handle:
        ends = returns = 0
        for piece in _chunks(handle):
            chunk = piece.replace(b"\0", b"")  # In two-byte encodings a zero parts CR from LF.
            ends += chunk.count(b"\n")
            returns += chunk.count(b"\r") - chunk.count(b"\r\n")
    # A few lone ones are part of a text; where they are many, they end lines.
    alone_ends = returns > 0.1 * ends
    usual = encoding.replace("-", "") in {"cp1252", "windows1252"}
    errors = "clv_latin" if usual or guessed else "strict"
    reader = "utf-8-sig" if encoding == "utf-8" else encoding  # Passes over a byte-order mark.
    decoder = codecs.getincrementaldecoder(reader)(errors)
    with raw.open("rb") as handle, target.open("w", encoding="utf-8", newline="") as out:
        pending = ""
        for chunk in _endless(handle):
            try:
                text = pending + decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                msg = f"{name} is not {encoding}: byte {error.object[error.start]:#04x}."
                raise FileError(msg, "Try another encoding, for instance cp1252.") from None
            pending = "\r" if chunk and text.endswith("\r") else ""
            text = text.removesuffix("\r") if pending else text
            text = text.replace("\r\n", "\n").replace("\r", "\n" if alone_ends else " ")
            out.write(text.replace("\0", "\ufffd"))


def _endless(handle: IO[bytes]) -> Iterator[bytes]:
    yield from _chunks(handle)
    yield b""


def _parquet(path: Path, name: str, spool: Path, head: int | None) -> Source:
    import duckdb  # noqa: PLC0415

    target = spooling.new(spool, ".csv")
    try:
        with engine.connect() as con:
            source = f"read_parquet({engine.text(path)})"
            columns = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            cells = ", ".join(
                f"CASE WHEN {c} = floor({c}) AND abs({c}) < 1e15 THEN {c}::BIGINT::VARCHAR "
                f"ELSE {c}::VARCHAR END AS {c}"
                if kind in {"DOUBLE", "FLOAT"}
                else f"replace({c}::VARCHAR, chr(13), ' ') AS {c}"
                if kind == "VARCHAR"
                else f"{c}::VARCHAR AS {c}"
                for c, kind in ((engine.name(row[0]), row[1]) for row in columns)
            )
            limit = " LIMIT 2000" if head is not None else ""
            con.execute("SET TimeZone = 'UTC'")
            con.execute(
                f"COPY (SELECT {cells} FROM {source}{limit}) TO {engine.text(target)} "
                "(FORMAT csv, HEADER true)"
            )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(f"{path}", name)
        msg = f"{name} cannot be read as Parquet ({reason})."
        raise FileError(msg, "Write the file again.") from None
    return Source(name, target, "utf-8", "parquet")
