"""Child process of the benchmark: takes samples of the published SDK 0.3.9 as standard input asks for them.

    python julep_child.py ORIGIN

A line asks for one sample, `["jget", 100]`; the answer is a line with its figure, or with what was wrong.
"""

import asyncio
import json
import sys
from contextlib import ExitStack

from julep_peers import OLD, AsyncPublished, Published
from julep_works import measures_of
from measure import WrongResult, settle


def main(origin: str) -> None:
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        try:
            measures = measures_of(OLD, Published, AsyncPublished, origin, runner, stack)
        except WrongResult as wrong:
            print(json.dumps({"wrong": str(wrong)}), flush=True)
            return
        settle()
        for line in sys.stdin:
            row, count = json.loads(line)
            print(json.dumps({"figure": measures[row](count)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
