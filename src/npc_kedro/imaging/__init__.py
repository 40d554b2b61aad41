"""Images as arrays: intensities, resampling, boxes, crops. Knows neither DICOM nor Kedro."""
