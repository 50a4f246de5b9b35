"""Lets pip and build find setuptools; everything else stands in setup.cfg."""

from setuptools import setup

setup()
