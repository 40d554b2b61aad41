"""Figures as data: described once (:mod:`.canvas`), drawn for paper (:mod:`.print`) and screen (:mod:`.screen`).

Each maker is a pure function in a module of its own name, from tidy tables to a :class:`.canvas.Figure`, e.g.
``from npc_kedro.figures.roc_curves import roc_curves``. :mod:`npc_kedro.datasets.figure` stores both drawings.
"""
