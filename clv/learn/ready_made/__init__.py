"""Ready-made models: dill files that an operator has looked at and allowed, run apart.

::

    listing     what a file refers to, and which Python wrote it, without loading it
    shelf       the folder of models, and which bytes are allowed
    worker      the program that loads a model and asks it, in a process of its own
    process     that process: limits, the exchange, and what went wrong in plain words
    scoring     a run's customers, valued by a model

A dill file is a program: whoever loads one runs what its maker put into it. So no file is ever taken
from a visitor of the dashboard; an operator puts it onto the shelf (``python -m clv model add``), the
shelf remembers the hash of its bytes, and only those bytes are loaded.
"""
