"""A part of the study that begins where nothing is stored yet is refused at once, with the commands that make it."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from npc_kedro.errors import MissingInputError
from npc_kedro.reuse.stored import place_of

_WHOLE = "__default__"
_SHOWN = 3


class InputCheck:
    """Looks whether what a run takes from earlier ones is there."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Names every dataset that is not there and some registered pipeline makes.

        Raises:
            MissingInputError: if there is any.
        """
        missing = [name for name in sorted(pipeline.inputs()) if _is_absent(name, catalog)]
        by_maker: dict[str, list[str]] = {}
        for name in missing:
            if (maker := _maker(name)) is not None:
                by_maker.setdefault(maker, []).append(name)
        if by_maker:
            raise MissingInputError(_message(by_maker, _needed(set(by_maker), catalog)))


def _is_absent(name: str, catalog: Any) -> bool:
    if name == "parameters" or name.startswith("params:") or name not in catalog:
        return False
    place = place_of(catalog.get(name))
    if place is None or place.listed:  # a cohort's folder says by itself what it lacks
        return False
    return not all(path.exists() for path in place.paths)


def _maker(name: str) -> str | None:
    """The pipeline that makes a dataset; the smallest, where larger ones hold it."""
    makers = {title: len(each.nodes) for title, each in pipelines.items() if name in each.all_outputs()}
    makers = {title: size for title, size in makers.items() if title != _WHOLE} or makers
    return min(makers, key=lambda title: makers[title], default=None)


def _needed(first: set[str], catalog: Any) -> list[str]:
    """These pipelines and those that make what they themselves lack, in the study's order."""
    needed, waiting = set(first), list(first)
    while waiting:
        lacking = [name for name in pipelines[waiting.pop()].inputs() if _is_absent(name, catalog)]
        further = {maker for maker in map(_maker, lacking) if maker is not None} - needed
        needed |= further
        waiting += further
    return [maker for maker in pipelines if maker in needed]


def _message(by_maker: dict[str, list[str]], needed: list[str]) -> str:
    told = "".join(f"\n  - {_listed(names)}: made by {maker}" for maker, names in by_maker.items())
    return (
        f"what this part of the study begins with is not stored yet:{told}\n"
        f"Run first kedro run --pipelines={','.join(needed)}, with the same --env and --params, or the whole study"
    )


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
