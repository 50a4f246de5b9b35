"""Declare an HTTP endpoint once, as a decorated stub of a resource class, and call it sync or async."""

__all__ = ["__version__"]

__version__ = "0.1.0"
