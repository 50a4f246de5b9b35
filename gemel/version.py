"""The version of gemel, where nothing else has to be loaded to read it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
