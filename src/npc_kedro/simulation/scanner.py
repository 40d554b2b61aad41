"""What a scanner adds to a noiseless picture: coil shading, motion ghosts, Rician noise and a scale of its own."""

from dataclasses import dataclass

import numpy as np

_LARGEST = 4095
"""Twelve bits, as scanners store."""


@dataclass(frozen=True)
class Scan:
    """The conditions of one series.

    Attributes:
        shading: coefficients of x, y, xx, yy, xy of the logarithm of the coil's sensitivity over the field, -1..1.
        snr: brightest tissue over the noise's standard deviation in one channel.
        ghost: strength of the motion ghosts, 0 for none.
        ghost_shift: distance of the first ghost along the rows, as part of the field.
        gain: stored value of the brightest tissue.
    """

    shading: np.ndarray
    snr: float
    ghost: float
    ghost_shift: float
    gain: float


def draw_scan(rng: np.random.Generator, *, moved: bool) -> Scan:
    """Conditions within the usual: shading of 20 to 40 % across the field, SNR 15 to 40."""
    shading = rng.normal(0, 1, 5) * np.array([1, 1, 0.6, 0.6, 0.5])
    shading *= rng.uniform(0.1, 0.2) / max(np.abs(shading).sum() / 2, 1e-6)
    return Scan(
        shading=shading,
        snr=float(rng.uniform(15, 40)),
        ghost=float(rng.uniform(0.03, 0.08)) if moved else 0.0,
        ghost_shift=float(rng.uniform(0.12, 0.35)),
        gain=float(rng.uniform(1400, 2600)),
    )


def acquire(rng: np.random.Generator, picture: np.ndarray, scan: Scan) -> np.ndarray:
    """Stored values, int16 in 0..4095, of a noiseless picture (rows, columns) with brightness about 0..1."""
    rows, columns = picture.shape
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    a = scan.shading.astype(np.float32)
    signal = picture * (np.exp(a[0] * x + a[2] * x * x) * np.exp(a[1] * y + a[3] * y * y) * (1 + a[4] * x * y))
    if scan.ghost:
        step = max(1, round(scan.ghost_shift * columns))
        signal = signal + np.float32(scan.ghost) * (np.roll(signal, step, 1) - np.roll(signal, -step, 1))
        signal = np.abs(signal)
    noise = rng.standard_normal((2, rows, columns), dtype=np.float32) * np.float32(1 / scan.snr)
    magnitude = np.hypot(signal + noise[0], noise[1])
    return np.clip(magnitude * np.float32(scan.gain), 0, _LARGEST).astype(np.int16)
