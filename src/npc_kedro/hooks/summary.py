"""The last thing a run prints: the main numbers, that they are simulated if they are, and where to look."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from npc_kedro.datasets.whole import replacing_file
from npc_kedro.study import RESEARCH_USE, SIMULATED_MARK
from npc_kedro.tracking.store import tracking_uri, without_password

if TYPE_CHECKING:
    import pandas as pd

Row = tuple[str, str]

_SMALLEST_P = 0.001

_NOTE = f"{SIMULATED_MARK}.txt"
"""A file beside the tables, which have the publication's columns and no room for such a word."""


class ClosingSummary:
    """Prints one panel after a run that ended well."""

    def __init__(self) -> None:
        self._simulated = True
        self._data_root = "data"
        self._project = Path()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remembers whose results these are."""
        loader: Any = context.config_loader
        self._project = Path(context.project_path)
        self._simulated = not getattr(loader, "study_globals", dict)().get("cohort_root")
        self._data_root = getattr(loader, "data_root", lambda: "data")()

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Prints what this run made."""
        from rich.console import Console
        from rich.panel import Panel
        from rich.table import Table

        made = pipeline.all_outputs()
        if "patients" in pipeline.datasets():
            self._mark()
        grid = Table.grid(padding=(0, 2))
        grid.min_width = len(RESEARCH_USE) + 2  # the panel is as wide as its edges' words
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, text in [*main_numbers(catalog, made), *self._directions()]:
            grid.add_row(label, text)
        title = SIMULATED_MARK if self._simulated else "real cohort"
        if "patients" not in pipeline.datasets():
            title = "published tables" if "published_audit" in made else title
        Console(stderr=True).print(Panel(grid, title=title, subtitle=RESEARCH_USE, expand=False))

    def _mark(self) -> None:
        """Says beside the tables that they are simulated."""
        folder = self._project / self._data_root / "08_reporting"
        if self._simulated and folder.is_dir() and not (folder / _NOTE).exists():
            text = (
                f"{SIMULATED_MARK}\n\nThe tables, figures and pages in this folder come from the simulated cohort, but "
                "for published_audit.*, which is about the publication's own tables.\n"
            )
            with replacing_file(folder / _NOTE) as note:
                note.write_text(text, encoding="utf-8")

    def _directions(self) -> list[Row]:
        return [
            ("tables, figures", f"{Path(self._data_root) / '08_reporting'}"),
            ("runs, metrics", _where_to_see_runs(tracking_uri(self._project), self._project)),
            ("lineage", "kedro viz run"),
        ]


def _where_to_see_runs(uri: str, project: Path) -> str:
    """A server's address, or the command that shows the store; never a password that stands in it."""
    shown = without_password(uri).replace(f"{project.as_posix()}/", "")  # commands are given there
    return shown if shown.startswith(("http://", "https://")) else f"mlflow ui --backend-store-uri {shown}"


def main_numbers(catalog: Any, made: set[str]) -> list[Row]:
    """Label and text of the main numbers among the datasets made."""
    rows: list[Row] = []
    if "patients" in made:
        patients = catalog.load("patients")
        arms = patients.groupby("arm")["residual_tumor"].agg(["size", "sum"])
        told = "; ".join(
            f"{arm}: {row['size']} patients, {row['sum']} with residual tumour" for arm, row in arms.iterrows()
        )
        rows.append(("cohort", told or "no patient can be used: preflight, or excluded_patients.csv, says why"))
    if "attrition_ingest" in made:
        files = catalog.load("attrition_ingest").query("unit == 'files'")
        entered, used = (int(files["entered"].iloc[0]), int(files["used"].iloc[-1])) if len(files) else (0, 0)
        rows.append(("files", f"{entered} found: {used} used, {entered - used} in rejected_files.csv with the reason"))
    if "segmentation" in made:
        segmentation = catalog.load("segmentation")
        test = segmentation[(segmentation["level"] == "patient") & (segmentation["part"] == "test")]
        told = "; ".join(
            f"{row.segmenter} {row.dice:.3f} [{row.dice_lo:.3f}, {row.dice_hi:.3f}]{' (chosen)' if row.chosen else ''}"
            for row in test.itertuples()
        )
        rows.append(("Dice, test patients", told))
    if "table2" in made:
        averages = catalog.load("table2").query("network == 'average'")
        told = "; ".join(f"{row.model} {row.unit} {row.auc:.3f}" for row in averages.itertuples())
        rows.append(("mean test AUC", told))
    if "decision_comparison" in made:
        comparison = catalog.load("decision_comparison")
        rows += [(f"{who} correct", _tally(comparison[who])) for who in ("model", "physician")]
        p_values = f"Pearson P = {_p(comparison['pearson_p'])}, exact McNemar P = {_p(comparison['mcnemar_exact_p'])}"
        rows.append(("model against physician", p_values))
    if "null_policies" in made:
        rows.append(("without any image", _without_images(catalog.load("null_policies"))))
    if "published_audit" in made:
        verdicts = catalog.load("published_audit")["verdict"].value_counts()
        rows.append(("published claims", ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())))
    return rows


def _tally(tally: dict[str, Any]) -> str:
    judged = tally["correct"] + tally["wrong"]
    rate = "-" if tally["rate"] is None else f"{100 * tally['rate']:.1f} %"
    return f"{rate} ({tally['correct']} of {judged} judged; {tally['undetermined']} undetermined)"


def _without_images(policies: "pd.DataFrame") -> str:
    """The best policy that looks at no image, under the same rules; and whether the models do just what it does."""
    own = policies[(policies["who"] == "model") & (policies["policy"] != "shuffled_models")].set_index("policy")
    counts = ["correct", "wrong", "undetermined"]
    others = own.drop(index="models").sort_values("rate", ascending=False, kind="stable")
    if others.empty or others["rate"].isna().all():
        return "no policy can be judged"
    best = others.iloc[0]
    told = f"{best.name} {_tally({**best[counts].astype(int).to_dict(), 'rate': best['rate']})}"
    alike = [name for name, row in others.iterrows() if (row[counts] == own.loc["models", counts]).all()]
    return told + (f"; THE MODELS SCORE JUST WHAT {alike[0]} DOES" if alike else "")


def _p(value: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:.3f}" if value >= _SMALLEST_P else f"< {_SMALLEST_P}"
