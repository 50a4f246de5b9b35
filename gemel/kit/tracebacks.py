"""What an error takes with it when it leaves: the frames of the caller, and none in which a secret may stand.

A traceback holds its frames, a frame its local variables, and these the arguments, headers, bodies and decoded values
of a call. Error reporters, `pytest -l`, the debug pages of web frameworks and rich's `show_locals` read them, those of
chained exceptions too. So an error leaves the kit by an `entry`: of its traceback stays where in code it was, without
local variables, and of the kit's own frames nothing. `GEMEL_TRACEBACK=full` in the environment keeps everything.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import warnings
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from types import CodeType, FrameType, FunctionType, GeneratorType, TracebackType
from typing import Any, TypeVar, cast

from gemel.kit.errors import GemelError

__all__ = ["entry", "modules_of", "warn_caller"]

F = TypeVar("F", bound=Callable[..., Any])

_VARIABLE = "GEMEL_TRACEBACK"
_LIBRARIES = {"aiohttp", "beartype", "gemel", "marshmallow", "msgspec", "requests", "uplink", "urllib3", "yarl"}
_NOT_SHOWN = frozenset(_LIBRARIES | sys.stdlib_module_names)


def entry(function: F) -> F:
    """Return a public function of the kit as it is called from outside: errors leave it without the frames inside.

    It costs one frame, and no work unless there is an error. One entry may be called inside another.

    Args:
        function: A function, a coroutine function, or a generator function of either kind.
    """
    if inspect.isasyncgenfunction(function):
        return cast(F, _awaited_items(function))
    if inspect.iscoroutinefunction(function):
        return cast(F, _awaited(function))
    if inspect.isgeneratorfunction(function):
        return cast(F, _items(function))
    return cast(F, _called(function))


def modules_of(error: BaseException) -> Iterator[str]:
    """Yield the names of the modules that an error has come through so far, the innermost last."""
    return (str(step.tb_frame.f_globals.get("__name__", "")) for step in _frames(error.__traceback__))


def warn_caller(message: str) -> None:
    """Warn with a UserWarning that names the caller's own line: outside of gemel, of libraries and of asyncio.

    Args:
        message: What a person reads; it shows no secret.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _NOT_SHOWN:
        frame, level = frame.f_back, level + 1
    del frame
    warnings.warn(message, UserWarning, stacklevel=level)


# In each of these the frame itself stays in the traceback, for a frame that runs cannot be left out: it is added when
# the error is raised from it. So its variables go first; and the error is raised outside of `except`, where it would
# get itself, or what is handled there, as its context.


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            failure = error
        del args, kwargs
        try:
            raise _leaving(failure)
        finally:
            del failure

    return call


def _awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            failure = error
        del args, kwargs
        try:
            raise _leaving(failure)
        finally:
            del failure

    return call


def _items(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        try:
            return (yield from cast("Generator[Any, Any, Any]", function(*args, **kwargs)))
        except BaseException as error:
            failure = error
        del args, kwargs
        try:
            raise _leaving(failure)
        finally:
            del failure

    return call


def _awaited_items(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        try:
            async with aclosing(function(*args, **kwargs)) as items:
                async for item in items:
                    yield item
            return
        except BaseException as error:
            failure = error
        del args, kwargs
        items = item = None
        try:
            raise _leaving(failure)
        finally:
            del failure

    return call


def _leaving(error: BaseException) -> BaseException:
    """Return the error, it and all that is chained to it without the frames inside.

    What the caller is handling at the moment is left as it is: it is the caller's.
    """
    if os.environ.get(_VARIABLE, "").strip().lower() == "full":
        return error
    theirs, seen, waiting = sys.exc_info()[1], set[int](), [error]
    while waiting:
        one = waiting.pop()
        if one is theirs or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += _chained(one)
        one.__traceback__ = _places(one)
    return error


def _chained(error: BaseException) -> Iterator[BaseException]:
    """Yield what stays chained to an error: what code other than the kit and its libraries has raised, and their like.

    An exception of requests, urllib3 or aiohttp holds the request, whatever becomes of its frames.
    """
    if error.__cause__ is not None and not _may_be_shown(error.__cause__):
        error.__cause__ = None
    if error.__context__ is not None and (error.__suppress_context__ or not _may_be_shown(error.__context__)):
        error.__context__ = None
    chained = (error.__cause__, error.__context__, *getattr(error, "exceptions", ()))
    yield from (one for one in chained if isinstance(one, BaseException))


def _may_be_shown(error: BaseException) -> bool:
    if isinstance(error, GemelError):
        return True
    frames = list(_frames(error.__traceback__))
    return bool(frames) and not _is_inside(frames[-1].tb_frame)


def _places(error: BaseException) -> TracebackType | None:
    """Return the traceback of an error with frames that have no variables.

    Of an error that was raised on purpose those of the kit and its libraries are left out: its text says what happened.
    Of any other, which may be a fault of the kit, all are kept.
    """
    made: TracebackType | None = None
    on_purpose = isinstance(error, GemelError)
    for step in reversed(list(_frames(error.__traceback__))):
        if not (on_purpose and _is_inside(step.tb_frame)):
            made = TracebackType(made, _bare(step.tb_frame), -1, step.tb_lineno)
    return made


def _frames(step: TracebackType | None) -> Iterator[TracebackType]:
    while step is not None:
        yield step
        step = step.tb_next


def _is_inside(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _NOT_SHOWN


def _bare(frame: FrameType) -> FrameType:
    """Return a frame of the same file and function without variables, callers and code.

    It is that of a generator that never starts: any other frame knows the ones that it was called from.
    """
    names = {"co_filename": frame.f_code.co_filename, "co_name": frame.f_code.co_name}
    if sys.version_info >= (3, 11):
        names["co_qualname"] = frame.f_code.co_qualname
    code: CodeType = _NOTHING.replace(co_firstlineno=frame.f_code.co_firstlineno, **cast("Any", names))
    made = cast("GeneratorType[None, None, None]", FunctionType(code, frame.f_globals)())
    return cast("FrameType", made.gi_frame)


def _nothing() -> Generator[None, None, None]:
    yield


_NOTHING: CodeType = _nothing.__code__
