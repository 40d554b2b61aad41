"""Residual tumour after CCRT and IC + CCRT for nasopharyngeal carcinoma, from pre-treatment MR. Research use only."""

import time

__version__ = "0.1.0"

LOADED_AT = time.time()
"""When the package was loaded, in seconds since 1970: a file edited later may differ from what this process runs."""
