"""The knobs of ``crop``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from npc_kedro.imaging.crops import CropRule


class CropParameters(BaseModel):
    """How the rectangle round the predicted tumour is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    crop_size: int = Field(ge=8, description="side of the stored crops, pixels")
    parts: Literal["all", "largest"] = Field(description="all predicted parts, or the largest connected one")
    margin: float = Field(ge=0, description="added on every side")
    margin_unit: Literal["fraction", "px"] = Field(description="fraction of the box's longer side, or pixels")
    square: bool = Field(description="lengthen the shorter side, so that resizing does not distort")
    min_side_mm: float = Field(ge=0, description="smaller boxes are enlarged to this side")
    scratch: str = Field(description="folder for pixels on their way into the catalog")

    def rule(self) -> CropRule:
        """The part that concerns the box."""
        return CropRule(
            parts=self.parts,
            margin=self.margin,
            margin_unit=self.margin_unit,
            square=self.square,
            min_side_mm=self.min_side_mm,
        )
