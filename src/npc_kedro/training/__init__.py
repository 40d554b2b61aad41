"""Training and inference of segmenters and classifiers. Knows nothing of Kedro."""
