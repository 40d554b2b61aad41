"""Lets the tests of this folder import ``figure_examples`` beside them (pytest imports tests by path here)."""
