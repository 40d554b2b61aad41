"""Residual tumour after CCRT and IC + CCRT for nasopharyngeal carcinoma, from pre-treatment MR. Research use only."""

__version__ = "0.1.0"
