"""Writes a simulated cohort into a folder laid out as a user's own, patients in parallel."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npc_kedro import reporter
from npc_kedro.cohort import CohortFolder
from npc_kedro.reporter import Reporter
from npc_kedro.simulation.examination import Subject, subject_of, write_examination
from npc_kedro.simulation.patients import Patients, draw_patients
from npc_kedro.simulation.plan import SimulationPlan
from npc_kedro.study import Arm

_ALONE = 4
"""Up to this many patients one process is faster than several."""


@dataclass(frozen=True)
class SimulatedCohort:
    """A cohort that has been drawn and can be written.

    Attributes:
        plan: what it was drawn from.
        patients: the clinical table and the truth.
        listener: told how many patients are written.
    """

    plan: SimulationPlan
    patients: Patients
    listener: Reporter

    def write_into(self, folder: Path) -> None:
        """Writes ``dicom/``, ``outlines/`` and ``clinical.csv`` into ``folder``; same plan, same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("dicom", "outlines"):
            (folder / name).mkdir(exist_ok=True)
        self.patients.clinical.to_csv(folder / "clinical.csv", index=False, lineterminator="\n")
        _write_all(folder, self.subjects(), self.plan, listener=self.listener)

    def subjects(self) -> list[Subject]:
        """The patients as the scanner meets them."""
        latent = self.patients.truth.drop(columns="arm")
        rows = self.patients.clinical.merge(latent, on="patient_id", validate="one_to_one").to_dict("records")
        outlined = _choose_outlined(self.plan, [row["arm"] for row in rows])
        return [subject_of(row, index=i, outlined=i in outlined, seed=self.plan.seed) for i, row in enumerate(rows)]


def draw_cohort(plan: SimulationPlan, *, listener: Reporter | None = None) -> SimulatedCohort:
    """Draws the patients of ``plan``; nothing is written yet. ``listener`` will hear of the writing's progress."""
    return SimulatedCohort(plan, draw_patients(plan), listener or reporter.current())


def write_cohort(folder: Path, plan: SimulationPlan) -> CohortFolder:
    """Draws the cohort of ``plan`` and writes it into ``folder``."""
    draw_cohort(plan).write_into(Path(folder))
    return CohortFolder(root=Path(folder), simulated=True)


def _choose_outlined(plan: SimulationPlan, arms: list[str]) -> set[int]:
    """Places of the outlined patients: from both arms, in proportion to their sizes."""
    rng = np.random.default_rng([plan.seed, 4])
    members = {arm: [i for i, given in enumerate(arms) if given == arm.value] for arm in Arm}
    first = round(plan.outlined * len(members[Arm.CCRT]) / max(len(arms), 1))
    quota = {Arm.CCRT: first, Arm.IC_CCRT: plan.outlined - first}
    return {int(i) for arm in Arm for i in rng.permutation(members[arm])[: quota[arm]]}


def _write_all(folder: Path, subjects: list[Subject], plan: SimulationPlan, *, listener: Reporter) -> None:
    # a daemonic process may not have children; then, and for a handful of patients, one process does it all
    processes = min(plan.processes, len(subjects))
    if processes <= 1 or len(subjects) <= _ALONE or multiprocessing.current_process().daemon:
        for done, subject in enumerate(subjects, start=1):
            write_examination(folder, subject, plan)
            listener.progress(done, len(subjects))
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        futures = [pool.submit(write_examination, folder, subject, plan) for subject in subjects]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            listener.progress(done, len(subjects))
