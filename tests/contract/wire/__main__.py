"""Records anew what both SDKs send, and tells what differs from the last recording."""

from __future__ import annotations

import os
import sys

from ..conftest import MACHINE
from .lines import differences, load, save
from .play import played
from .recorded import SDKS, file_of


def main() -> None:
    for name in filter(MACHINE.fullmatch, list(os.environ)):
        del os.environ[name]
    for name, sdk in SDKS.items():
        file, sent = file_of(name), played(sdk)
        found = differences(load(file), sent) if file.exists() else []
        save(file, sent)
        for each in (*found, f"{len(sent)} requests are recorded, {len(found)} otherwise than before"):
            sys.stdout.write(f"{name}: {each}\n")


main()
