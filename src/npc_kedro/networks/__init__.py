"""The segmenters and classifiers: how they are built, where their weights come from, what they look at."""
