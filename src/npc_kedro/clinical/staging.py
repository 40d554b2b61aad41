"""AJCC stage groups of nasopharyngeal carcinoma, 8th edition.

Source: Amin et al. (eds), AJCC Cancer Staging Manual, 8th edition, 2017, chapter 9, for M0: I = T1 N0; II = T1 N1 or T2
N0-1; III = T1-2 N2 or T3 N0-2; IVA = T4 or N3. (The 8th edition also has T0; it does not occur in this study.)
"""

DOUBTFUL_IVB = (
    "stage IVb with N3: in the 7th edition of AJCC IVB is N3 without distant metastasis, in the 8th, which the study "
    "uses, any distant metastasis"
)
"""What to say of :func:`may_be_7th_edition`."""


def may_be_7th_edition(stage: object, n_stage: object) -> bool:
    """Whether a patient counts as metastatic by a stage that the edition before gives to N3."""
    return stage == "IVb" and n_stage == "N3"


def ajcc_stage(t_stage: str, n_stage: str) -> str:
    """The stage group of T1-T4 and N0-N3 without distant metastasis: ``I``, ``II``, ``III`` or ``IVa``.

    Raises:
        ValueError: for any other T or N.
    """
    if t_stage not in ("T1", "T2", "T3", "T4") or n_stage not in ("N0", "N1", "N2", "N3"):
        msg = f"no stage for {t_stage} {n_stage}; expected T1-T4 and N0-N3"
        raise ValueError(msg)
    if t_stage == "T4" or n_stage == "N3":
        return "IVa"
    if t_stage == "T3" or n_stage == "N2":
        return "III"
    return "I" if (t_stage, n_stage) == ("T1", "N0") else "II"
