"""A submission that is a zip: its table of contents is judged first, then only the named files are unpacked."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.intake.catalogue import Catalogue, TooMuch, Unreadable, is_junk, refuse_blame, shown, too_large
from autograder.intake.limits import IntakeLimits

# What zipfile and zlib are known to raise on damaged input, found by fuzzing as much as by reading.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
    MemoryError,
)
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_RATIO_MATTERS_FROM = 1024 * 1024
_AGAIN = 'make the zip anew with your system\'s own tool ("Compress", "Send to > Compressed folder" or `zip -r`)'


@contextmanager
def open_zip(path: Path, limits: IntakeLimits) -> Iterator[Catalogue]:
    """List the archive; its files can be read inside the `with`. Raises Unreadable for an archive beyond use."""
    packed = path.stat().st_size
    if packed > limits.archive_bytes:
        raise TooMuch(
            f"The zip is too large (over {limits.archive_bytes // 2**20} MB): hand in only the charlm folder and "
            "answers.toml, without data, runs and trained models."
        )
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        refuse_blame(error)
        raise Unreadable(f"The file is no zip, or a damaged one: {_AGAIN}.") from None
    with archive:
        catalogue = Catalogue(limits, lambda name, limit: _read(archive, members[name], limit))
        members = _list(catalogue, archive.infolist())
        if catalogue.total > max(_RATIO_MATTERS_FROM, limits.ratio * packed):
            raise TooMuch(
                f"The zip unpacks to more than {limits.ratio} times its size, as only a compression bomb does: "
                "hand in only the charlm folder and answers.toml."
            )
        yield catalogue


def _list(catalogue: Catalogue, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Enter every member that counts; return them by the name that the catalogue reads them by."""
    environments = _environments(infos)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # zipfile cuts a name at its first NUL; the name as it stands in the archive hides nothing.
        name = info.orig_filename.replace("\\", "/")
        if name.startswith(environments) or is_junk(name):
            continue
        catalogue.count()
        if _is_plain(catalogue, name, info):
            catalogue.add(name, info.file_size)
            members[name] = info
    return members


def _environments(infos: list[zipfile.ZipInfo]) -> tuple[str, ...]:
    """The folders in the zip that are virtual environments."""
    ends = [info.filename.replace("\\", "/") for info in infos]
    return tuple(end.removesuffix("pyvenv.cfg") for end in ends if end.endswith("/pyvenv.cfg"))


def _is_plain(catalogue: Catalogue, name: str, info: zipfile.ZipInfo) -> bool:
    """Whether this member is a file that could be read; refuse what is neither that nor a folder."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        catalogue.refuse(f"{shown(name)} is a link: replace it by the file that it points to.")
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        catalogue.refuse(f"{shown(name)} is a device, pipe or socket: remove it from the submission.")
    elif name.endswith("/") or kind == stat.S_IFDIR:
        catalogue.place(name)
    elif info.flag_bits & _ENCRYPTED:
        catalogue.refuse(f"{shown(name)} is encrypted: make the zip anew without a password.")
    else:
        return True
    return False


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Unpack one member, counting the bytes that come out and not those that the archive declares."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(f"{shown(info.filename)} is packed by an unusual method: {_AGAIN}.")
    if info.file_size > limit:
        raise too_large(info.filename, limit)
    try:
        with archive.open(info) as member:
            data = member.read(limit + 1)
    except _DAMAGE as error:
        refuse_blame(error)
        raise Unreadable(f"{shown(info.filename)} is damaged inside the zip: {_AGAIN}.") from None
    if len(data) > limit:
        raise too_large(info.filename, limit)
    return data
