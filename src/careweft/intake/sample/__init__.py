"""Synthetic people: deterministic US Core 6.1.0 and CARIN Blue Button 2.0.0 records of nobody, both provider and payer.

A small life is simulated per person from tables (`catalogue`) and then written down by `records`; everything follows
from the seed, the number of people and the day called today.
"""

from .files import write
from .society import people

__all__ = ["people", "write"]
