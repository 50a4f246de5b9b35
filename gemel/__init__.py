"""Declare an HTTP endpoint once, as a decorated stub of a resource class, and call it sync or async."""

from gemel.version import __version__

__all__ = ["__version__"]
