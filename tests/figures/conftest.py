"""Lets the tests of this folder import ``figure_examples`` beside them (pytest imports tests by path here)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
