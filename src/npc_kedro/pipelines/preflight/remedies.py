"""For every reason why something is left out: what was expected, and what the user can do about it."""

from npc_kedro.dicom.reasons import RejectReason as R

_EXPORT = "export the series again from the PACS, or leave it out"
_NOTHING = "nothing, unless the file should have been used"
_OVERRIDE = "name the right series in series_override.csv (patient_id, series_instance_uid)"
_RULES = f"look at its evidence in series_choice.csv; {_OVERRIDE}, or adapt ingest.series_rules"
_OUTLINE = "draw or export the outline again on the series that is used"
_CHOICE = "name it in outline_override.csv (patient_id, file)"

_ADVICE: dict[R, tuple[str, str]] = {
    R.UNREADABLE: ("a regular file that may be read", "give permission, or restore what the link points to"),
    R.EMPTY_FILE: ("a file with content", "copy the file again"),
    R.NOT_DICOM: ("a DICOM file", _NOTHING),
    R.NO_PREAMBLE: ("128 bytes of preamble and DICM", "set ingest.accept_without_preamble: true if these are images"),
    R.NOT_MR_IMAGE: ("MR Image Storage or Enhanced MR Image Storage", _NOTHING),
    R.MISSING_TAG: ("a complete header", _EXPORT),
    R.INVALID_TAG: ("a value that can be right", _EXPORT),
    R.BAD_GEOMETRY: ("ImagePositionPatient, ImageOrientationPatient and PixelSpacing of a slice", _EXPORT),
    R.NOT_GREYSCALE: ("MONOCHROME1 or MONOCHROME2", _NOTHING),
    R.NO_PATIENT_ID: ("a PatientID", "export with identifiers, or write a pseudonym into PatientID"),
    R.DUPLICATE: ("each instance once", _NOTHING),
    R.OTHER_ORIENTATION: ("slices parallel to the others of the series", _NOTHING),
    R.OTHER_KIND: ("images of one kind", "nothing, unless the file should have been used: then correct its tags"),
    R.REPEATED_POSITION: ("one slice at each place", "check whether the series holds several time points or echoes"),
    R.PIXELS_TRUNCATED: ("all pixels of Rows x Columns", "copy or export the file again"),
    R.PIXELS_MISMATCH: ("pixels that fit the header", _EXPORT),
    R.PIXELS_UNDECODABLE: ("pixels that a decoder accepts", _EXPORT),
    R.MISSING_DECODER: ("a decoder for the transfer syntax", "install the package named, or export uncompressed"),
    R.CHANGED_MEANWHILE: ("a folder that stays as it is", "run again when the export is complete"),
    R.CONSTANT_IMAGE: ("an image", _NOTHING),
    R.NOT_AXIAL: ("axial slices", "nothing: the method is defined on axial slices"),
    R.EXCLUDED_BY_RULE: ("acquired axial images", _RULES),
    R.NO_T1_EVIDENCE: ("evidence for T1 weighting", _RULES),
    R.NO_CONTRAST_EVIDENCE: ("evidence for contrast agent", _RULES),
    R.LOWER_SCORE: ("the series with the best evidence", _RULES),
    R.NOT_IN_OVERRIDE: ("the series named in series_override.csv", _NOTHING),
    R.TIED_SERIES: ("one series with the best evidence", _OVERRIDE),
    R.INDISTINGUISHABLE_IMAGES: (
        "InstanceNumber, EchoTime, AcquisitionNumber or times that tell the images at one place apart",
        f"export the series again with these tags, or as several series; or {_OVERRIDE}, and the first files are used",
    ),
    R.SEVERAL_DAYS: (
        "files of one day",
        "correct the dates, or give each examination a series of its own; if the series was made before the treatment, "
        + _OVERRIDE,
    ),
    R.AFTER_TREATMENT_START: (
        "an examination before the treatment",
        "nothing if an earlier one is used; else add it to the export",
    ),
    R.LONG_BEFORE_TREATMENT: (
        "an examination within ingest.max_days_before_treatment",
        f"add the later examination to the export, correct treatment_start, or {_OVERRIDE}",
    ),
    R.EARLIER_STUDY: ("the last examination before the treatment", _NOTHING),
    R.UNDATED_STUDIES: ("dates that order the examinations", f"fill in treatment_start, or {_OVERRIDE}"),
    R.IMAGES_WITHOUT_ROW: ("a row in the clinical table", "add the row, or join identifiers in identifiers.csv"),
    R.ROW_WITHOUT_IMAGES: ("readable MR images", "add the images, or join identifiers in identifiers.csv"),
    R.MISSING_ITEM: ("every item of the clinical table", "fill in the item"),
    R.NOT_LOCALLY_ADVANCED: ("AJCC stage III or IVa", "nothing: the study excludes the patient"),
    R.DISTANT_METASTASIS: ("AJCC stage III or IVa", "nothing: the study excludes the patient"),
    R.NO_CANDIDATE_SERIES: ("an axial contrast-enhanced T1 series", _RULES),
    R.NO_USABLE_SLICE: ("slices that can be decoded", _EXPORT),
    R.OUTLINE_FORMAT: (
        "a NIfTI label map (.nii, .nii.gz), RTSTRUCT or DICOM SEG",
        "save it as NIfTI (.nii.gz), for example in ITK-SNAP, or leave it out",
    ),
    R.OUTLINE_OF_DESKTOP: ("outlines", "nothing"),
    R.OUTLINE_UNREADABLE: ("a file that can be read", "copy or export the outline again"),
    R.OUTLINE_WITHOUT_PATIENT: (
        "a file name (NIfTI) or PatientID (DICOM) of a patient in use",
        f"name the file by patient_id, or {_CHOICE}; nothing, if the patient is left out",
    ),
    R.OUTLINE_OTHER_PATIENT: (
        "an outline drawn on the patient's own images",
        "correct PatientID or file name, or export the outline of the right patient",
    ),
    R.OUTLINE_OTHER_SERIES: (
        "an outline drawn on the series in use",
        f"{_OUTLINE}; if it fits that one all the same, {_CHOICE}; or {_OVERRIDE}",
    ),
    R.OUTLINE_OTHER_FRAME: (
        "an outline in the frame of reference of the series in use",
        f"{_OUTLINE}; if it fits that one all the same, {_CHOICE}",
    ),
    R.OUTLINE_AMBIGUOUS: ("one outline for a patient", f"choose one and {_CHOICE}"),
    R.OUTLINE_NOT_CHOSEN: ("the outline that outline_override.csv names", _NOTHING),
    R.OUTLINE_LABELS: (
        "labels, ROIs or segments as ingest.outlines knows them",
        "name them in ingest.outlines (labels, structures), or correct them in the outline",
    ),
    R.OUTLINE_NUMBERS: (
        "a number of its own for every ROI or segment",
        "export the outline again, or convert it to NIfTI in the program that it was drawn in",
    ),
    R.OUTLINE_TWO_PLACES: (
        "a qform and an sform that agree, or one of them",
        "open it on the series in ITK-SNAP, see that it lies where it should, and save it again",
    ),
    R.OUTLINE_CONTOURS: (
        "closed planar contours, each on the slice that it names",
        "correct what is wrong with the contours, and export the outline again",
    ),
    R.OUTLINE_EMPTY: ("an outlined tumour or node of at least one pixel", "outline it, or leave the file out"),
    R.OUTLINE_GEOMETRY: ("an outline that lies on the series in use", _OUTLINE),
}


def expectation_of(code: str) -> str:
    """What was expected where something is left out for this reason."""
    return _advice(code)[0]


def remedy_of(code: str) -> str:
    """What the user can do about it."""
    return _advice(code)[1]


def _advice(code: str) -> tuple[str, str]:
    if code in _ADVICE:
        return _ADVICE[R(code)]
    if code.startswith(("outline", "structure", "contour")):  # parts of an outline
        return "an outline that lies on the series in use", _OUTLINE
    return "", ""
