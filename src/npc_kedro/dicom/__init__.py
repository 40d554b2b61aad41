"""Hospital exports: files found and read, series chosen, slices decoded, patients made anonymous. Knows no Kedro."""
