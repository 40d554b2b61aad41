"""The publication's tables from tidy data, in the shape of the published copies so that both lie side by side."""
