"""Manual outlines: one reader per file layout, and their verification against the slices by geometry."""
