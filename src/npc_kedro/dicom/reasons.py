"""Why a file, series, patient or outline is not used: one code each, for tables, tests and messages."""

from enum import StrEnum


class RejectReason(StrEnum):
    """A reason code with its meaning in plain words (``reason.meaning``)."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "RejectReason":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    # Files: found at the door
    UNREADABLE = "unreadable", "the file cannot be opened: permission, broken link or not a regular file"
    EMPTY_FILE = "empty_file", "the file has no bytes"
    NOT_DICOM = "not_dicom", "the file is not DICOM"
    NO_PREAMBLE = "no_preamble", "DICOM without preamble; set ingest.accept_without_preamble to accept it"
    NOT_MR_IMAGE = "not_mr_image", "DICOM, but not an MR image"
    OUTLINE_OBJECT = "outline_object", "no image but outlines (RTSTRUCT, SEG); judged with the other outlines"
    MISSING_TAG = "missing_tag", "a mandatory tag is missing or empty; a cut header looks like this too"
    INVALID_TAG = "invalid_tag", "a mandatory tag holds a value that cannot be right"
    BAD_GEOMETRY = "bad_geometry", "orientation, position or spacing is missing or cannot be right"
    NOT_GREYSCALE = "not_greyscale", "colour or palette pixels"
    NO_PATIENT_ID = "no_patient_id", "PatientID is empty"
    DUPLICATE = "duplicate", "byte-identical copy of another file, which goes before it"
    OTHER_ORIENTATION = "other_orientation", "slice turned away from the other slices of its series"
    OTHER_KIND = "other_kind", "an image of another kind or echo than most of its series"
    REPEATED_POSITION = (
        "repeated_position",
        "other images of the series lie at the same places; those of one kind are used, the first that can be decoded",
    )

    # Files: found on decoding
    PIXELS_TRUNCATED = "pixels_truncated", "pixel data missing, cut, or shorter than Rows x Columns"
    PIXELS_MISMATCH = "pixels_mismatch", "pixel data do not fit Rows, Columns, BitsAllocated or NumberOfFrames"
    PIXELS_UNDECODABLE = "pixels_undecodable", "the pixels are in no form that can be decoded"
    MISSING_DECODER = "missing_decoder", "no decoder installed for this transfer syntax"
    CHANGED_MEANWHILE = "changed_meanwhile", "the file was changed while the folder was being read; run again"
    CONSTANT_IMAGE = "constant_image", "every pixel has the same value"

    # Series
    NOT_AXIAL = "not_axial", "the series is sagittal, coronal or too oblique"
    EXCLUDED_BY_RULE = "excluded_by_rule", "a rule of ingest.series_rules.exclude applies (localizer, derived, ...)"
    NO_T1_EVIDENCE = "no_t1_evidence", "too little evidence that the series is T1-weighted"
    NO_CONTRAST_EVIDENCE = "no_contrast_evidence", "too little evidence that contrast agent was given"
    LOWER_SCORE = "lower_score", "another series of the patient has better evidence"
    NOT_IN_OVERRIDE = "not_in_override", "series_override.csv names another series of the patient"
    TIED_SERIES = "tied_series", "several series have the same evidence; series_override.csv must decide"
    INDISTINGUISHABLE_IMAGES = (
        "indistinguishable_images",
        "the series holds several images at each place, and no tag tells which belong together",
    )
    SEVERAL_DAYS = "several_days", "the files of the series are of several days; series_override.csv must decide"
    AFTER_TREATMENT_START = "after_treatment_start", "the study was made after the treatment had begun"
    LONG_BEFORE_TREATMENT = "long_before_treatment", "the study was made too many days before the treatment began"
    EARLIER_STUDY = "earlier_study", "a later study of the patient still lies before the treatment"
    UNDATED_STUDIES = "undated_studies", "several studies that no date orders; series_override.csv must decide"

    # Patients
    IMAGES_WITHOUT_ROW = "images_without_row", "the patient has images but no row in clinical.csv"
    ROW_WITHOUT_IMAGES = "row_without_images", "the patient has a row in clinical.csv but no readable image"
    MISSING_ITEM = "missing_item", "an item of the clinical table is missing"
    NOT_LOCALLY_ADVANCED = "not_locally_advanced", "AJCC stage below III"
    DISTANT_METASTASIS = "distant_metastasis", "AJCC stage IVb"
    NO_CANDIDATE_SERIES = "no_candidate_series", "no axial contrast-enhanced T1 series"
    NO_USABLE_SLICE = "no_usable_slice", "no slice of the chosen series could be decoded"

    # Outlines
    OUTLINE_FORMAT = "outline_format", "neither a NIfTI label map nor RTSTRUCT nor DICOM SEG"
    OUTLINE_OF_DESKTOP = "outline_of_desktop", "no outline: macOS or Windows left it beside the user's own files"
    OUTLINE_UNREADABLE = "outline_unreadable", "the outline file cannot be read"
    OUTLINE_WITHOUT_PATIENT = "outline_without_patient", "file name or PatientID is that of no patient in use"
    OUTLINE_OTHER_PATIENT = "outline_other_patient", "the outline was drawn on images of another patient"
    OUTLINE_OTHER_SERIES = "outline_other_series", "the outline was drawn on another series of the patient"
    OUTLINE_OTHER_FRAME = "outline_other_frame", "the outline was drawn in another frame of reference than the series"
    OUTLINE_AMBIGUOUS = "outline_ambiguous", "several outlines for one patient; outline_override.csv must decide"
    OUTLINE_NOT_CHOSEN = "outline_not_chosen", "outline_override.csv names another outline of the patient"
    OUTLINE_LABELS = "outline_labels", "labels other than those of ingest.outlines"
    OUTLINE_NUMBERS = "outline_numbers", "numbers of ROIs or segments are missing or repeated: names cannot be joined"
    OUTLINE_TWO_PLACES = "outline_two_places", "the label map's qform and sform say different places"
    OUTLINE_CONTOURS = "outline_contours", "none of the outline's contours can be used"
    OUTLINE_EMPTY = "outline_empty", "nothing is outlined"
    OUTLINE_GEOMETRY = "outline_geometry", "the outline does not lie on the slices"

    # Parts of outlines in use
    STRUCTURE_UNMATCHED = "structure_unmatched", "called neither primary tumour nor node in ingest.outlines.structures"
    STRUCTURE_AMBIGUOUS = "structure_ambiguous", "called both primary tumour and node"
    STRUCTURE_INTERPRETED = "structure_interpreted", "its RTROIInterpretedType says that it is no tumour"
    CONTOUR_UNREADABLE = "contour_unreadable", "the points are no triples of numbers, or not as many as said"
    CONTOUR_OPEN = "contour_open", "not a closed planar contour"
    CONTOUR_TOO_SHORT = "contour_too_short", "fewer than three different points"
    CONTOUR_WITHOUT_AREA = "contour_without_area", "encloses nothing: a line, or run round twice"
    CONTOUR_OFF_SLICES = "contour_off_slices", "lies in the plane of no slice that is used"
    CONTOUR_OUTSIDE = "contour_outside", "lies beside the image"
    CONTOUR_FAR_OUT = "contour_far_out", "reaches further beyond the image than the image is wide"
    CONTOUR_CONTRADICTS = "contour_contradicts", "names one slice and lies on another"
    CONTOUR_OTHER_SERIES = "contour_other_series", "names images of another series only"
    CONTOUR_OTHER_FRAME = "contour_other_frame", "drawn in another frame of reference than the series in use"
    CONTOUR_REPEATED = "contour_repeated", "the same contour a second time"
