"""The typed form of ``globals.yml``: every knob of scale, its unit and its bounds."""

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid", frozen=True)


class ArmSizes(BaseModel):
    """Patients to simulate in each arm."""

    model_config = _STRICT
    ccrt: int = Field(ge=1)
    ic_ccrt: int = Field(ge=1)


class SimulationScale(BaseModel):
    """How large the simulated cohort is and how much its true probabilities know."""

    model_config = _STRICT
    patients: ArmSizes
    outlined: int = Field(ge=0, description="patients with manual outlines, over both arms")
    slice_spacing_mm: float = Field(gt=0)
    oracle_auc: float = Field(gt=0.5, lt=1, description="AUC of the true probabilities, in each arm")


class SegmenterScale(BaseModel):
    """Size and length of the segmenters' training."""

    model_config = _STRICT
    encoder: str = Field(description="an encoder of segmentation-models-pytorch")
    weights: str = Field(description="none, hub, or a folder with <encoder>.safetensors")
    image_size: int = Field(ge=16, multiple_of=16)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)


class ClassifierScale(BaseModel):
    """Size and length of the classifiers' training."""

    model_config = _STRICT
    weights: str = Field(description="none, hub, or a folder with <architecture>.safetensors")
    crop_size: int = Field(ge=8, description="side of the stored crops, pixels")
    image_size: dict[str, int] = Field(description="side of what each network sees, pixels")
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)


class Scale(BaseModel):
    """All of ``globals.yml``."""

    model_config = _STRICT
    profile: str
    seed: int = Field(ge=0)
    cohort_root: str | None
    published_dir: str = Field(description="folder of published tables to audit; empty for the publication's own")
    data_root: str
    reuse: bool = Field(description="leave out nodes whose stored results are what running them again would give")
    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    devices: str = Field(default="", description="one worker process on each, joined by +; empty: not pinned")
    precision: str = Field(pattern="^(auto|fp32|bf16)$")
    threads_per_training: int = Field(ge=1)
    processes_per_training: int = Field(default=1, ge=1, description="that train one classifier together")
    matrix: int = Field(ge=16)
    simulation: SimulationScale
    segmenter: SegmenterScale
    classifier: ClassifierScale
