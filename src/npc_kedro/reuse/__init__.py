"""Nothing twice: what each node was made from, so that a second run repeats only what depends on a change."""
