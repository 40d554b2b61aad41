"""The project's own settings for a benchmark, of any profile, and pictures to train on."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from npc_kedro.configuration import StudyConfigLoader

_CONFIGURATION = Path(__file__).parents[1] / "conf"


def parameters_of(pipeline: str, *, env: str, changes: dict[str, Any]) -> dict[str, Any]:
    """``params:<pipeline>`` as ``kedro run --env=... --params ...`` would see them."""
    loader = StudyConfigLoader(
        conf_source=str(_CONFIGURATION),
        env=env,
        base_env="base",
        default_run_env="local",
        runtime_params=changes,
        merge_strategy={"parameters": "soft", "globals": "soft"},
    )
    return dict(loader["parameters"][pipeline])


def textures(n: int, side: int) -> np.ndarray:
    """uint8 (n, side, side): smooth noise at three scales, as compressible as MR slices are, more or less."""
    rng = np.random.default_rng(1)
    total = np.zeros((n, side, side), dtype=np.float32)
    for blur, weight in ((12.0, 30.0), (3.0, 6.0), (0.7, 1.0)):
        total += weight * ndimage.gaussian_filter(rng.standard_normal(total.shape, np.float32), (0, blur, blur))
    low, high = total.min(), total.max()
    return np.round(255 * (total - low) / (high - low)).astype(np.uint8)
