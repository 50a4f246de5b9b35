"""Saves a download beside its file until it is whole, or straight into a pipe or device."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

__all__ = ["PartialFile", "is_passage", "opened_passage"]

# The errors of a folder that takes no new file, or does not let this one be replaced: it is not ours or is sticky, or
# the file is a mount of its own, as in containers.
_KEPT_OUT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV})


def is_passage(path: Path) -> bool:
    """Say whether a path is a pipe or a device, which is written to directly and cannot be replaced.

    Raises:
        IsADirectoryError: The path is a folder.
        OSError: The path cannot be examined.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path}: name a file, not a folder")
    return not stat.S_ISREG(mode)


def opened_passage(path: Path) -> BinaryIO | None:
    """Open a pipe or device for writing; return None for a pipe that nobody reads yet.

    A plain open waits for the reader, without limit and, in the async mode, in a thread that nothing can stop.

    Raises:
        OSError: The path cannot be opened.
    """
    waiting: int = getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(path, os.O_WRONLY | waiting)
    except OSError as error:
        if error.errno == errno.ENXIO and stat.S_ISFIFO(path.stat().st_mode):
            return None
        raise
    if waiting:
        # O_NONBLOCK was for the opening only; writes must wait for a slow reader.
        os.set_blocking(number, True)
    return open(number, "wb", buffering=0)


class PartialFile:
    """A file that is still being written, under a name of its own until it is whole.

    A symbolic link is followed. It takes over the mode of the file it replaces, and the owner where that is allowed.

    Args:
        path: Where the file goes.

    Attributes:
        file: The file object to write to.

    Raises:
        OSError: The file cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self._target = Path(os.path.realpath(path))
        self._replaces = self._target.stat() if self._target.exists() else None
        # Short, whatever the length of the other name: file systems allow 255 bytes.
        self._path = self._target.with_name(f".{os.urandom(8).hex()}.part")
        try:
            self.file: BinaryIO = open(self._path, "xb", opener=self._opener)  # noqa: SIM115
        except OSError as error:
            if self._replaces is None or error.errno not in _KEPT_OUT or not os.access(self._target, os.W_OK):
                error.filename = str(self._target)
                raise
            number, name = tempfile.mkstemp(suffix=".part")
            self._path, self.file = Path(name), open(number, "wb")  # noqa: SIM115

    def _opener(self, name: str, flags: int) -> int:
        # What replaces a private file is private from its first byte on.
        return os.open(name, flags, 0o666 if self._replaces is None else 0o600)

    def keep(self) -> None:
        """Move the file to its place; it must be closed before. May block.

        Where the folder does not allow replacing, the contents of the present file are overwritten.
        """
        if self._replaces is not None:
            _liken(self._path, self._replaces)
        try:
            # Atomic on POSIX and Windows: a reader sees the old file or the whole new one (rename(2)).
            os.replace(self._path, self._target)
        except OSError as error:
            if self._replaces is None or error.errno not in _KEPT_OUT:
                raise
            with open(self._path, "rb") as whole, open(self._target, "wb") as target:
                shutil.copyfileobj(whole, target)
            self._path.unlink()

    def drop(self) -> None:
        """Close and remove the unfinished file."""
        self.file.close()
        self._path.unlink(missing_ok=True)


def _liken(path: Path, other: os.stat_result) -> None:
    """Give a file the mode of another and, where that is allowed, its owner."""
    own, change_owner = path.stat(), getattr(os, "chown", None)
    is_same = (own.st_uid, own.st_gid) == (other.st_uid, other.st_gid)
    if not is_same and change_owner is not None:
        try:
            change_owner(path, other.st_uid, other.st_gid)
            is_same = True
        except PermissionError:
            pass
    # A program that runs as its owner must not run as another one.
    path.chmod(stat.S_IMODE(other.st_mode) if is_same else stat.S_IMODE(other.st_mode) & 0o777)
