"""A patient's outlined slices side by side, for the eye: does the outline lie where the tumour is?

Plain pixels without any text but that a cohort is simulated: a picture that is shown to somebody names nobody.
"""

import numpy as np
from scipy.ndimage import binary_erosion

from npc_kedro.figures.montage import grey
from npc_kedro.figures.palette import ORANGE, SKY

INKS = {1: ORANGE, 2: SKY}
"""Label to colour: the primary tumour is orange, nodes are light blue."""

_MOST_SLICES = 24
_LEAST_SIDE_PX = 128
_STRIP_PX = 18


def outline_mosaic(images: np.ndarray, labels: np.ndarray, *, mark: str = "") -> np.ndarray:
    """The outlined slices, from the feet to the head, in rows from the top left.

    Args:
        images: (n, h, w), the slices of one patient.
        labels: (n, h, w), 0 background, 1 primary, 2 node.
        mark: words above the slices.

    Returns:
        uint8 (height, width, 3). Borders run inside the outlines, one pixel wide, on slices magnified to 128 pixels
        or more; of more than 24 outlined slices, 24 are shown, evenly spread.
    """
    outlined = np.flatnonzero(labels.any(axis=(1, 2)))
    shown = outlined[np.unique(np.linspace(0, len(outlined) - 1, min(len(outlined), _MOST_SLICES)).round().astype(int))]
    factor = -(-_LEAST_SIDE_PX // images.shape[2])
    tiles = [_tile(images[index], labels[index], factor) for index in shown]
    columns = max(1, int(np.ceil(np.sqrt(len(tiles)))))
    height, width = tiles[0].shape[:2]
    mosaic = np.zeros((-(-len(tiles) // columns) * height, columns * width, 3), dtype=np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        mosaic[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return np.vstack([_strip(mark, mosaic.shape[1]), mosaic]) if mark else mosaic


def _strip(words: str, width: int) -> np.ndarray:
    """White words on black, uint8 (18, width, 3)."""
    from PIL import Image, ImageDraw

    strip = Image.new("RGB", (width, _STRIP_PX))
    ImageDraw.Draw(strip).text((3, 3), words, fill="white")
    return np.asarray(strip)


def _tile(image: np.ndarray, labels: np.ndarray, factor: int) -> np.ndarray:
    large = np.repeat(np.repeat(grey(image).pixels, factor, axis=0), factor, axis=1)
    coloured = np.repeat(large[:, :, np.newaxis], 3, axis=2)
    marked = np.repeat(np.repeat(labels, factor, axis=0), factor, axis=1)
    for label, ink in INKS.items():
        inside = marked == label
        border = inside & ~binary_erosion(inside)
        coloured[border] = [int(ink[place : place + 2], 16) for place in (1, 3, 5)]
    return coloured
