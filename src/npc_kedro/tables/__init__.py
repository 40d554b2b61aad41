"""The publication's tables computed from tidy data, in the shape of the published copies so that both lie side by side."""
