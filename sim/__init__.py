"""A simulator of the regional economy of Ningde: firms as agents, an input-output table as their exact aggregate."""

from sim import _threads  # noqa: F401  first of all: it must come before the first import of numpy

__version__ = "0.1.0"
