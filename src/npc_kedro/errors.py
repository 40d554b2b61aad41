"""The errors a user can cause or meet. Each message says what was found, what was expected and what to do."""


class StudyError(Exception):
    """Base of every error that this project raises on purpose."""


def wrapped_in(error: BaseException) -> StudyError | None:
    """The project's own error that an error is, or was caused by: Kedro wraps what a dataset raises."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, StudyError):
            return found
        seen.add(id(found))
        kedros = type(found).__module__.partition(".")[0] == "kedro"
        found = found.__cause__ or (found.__context__ if kedros else None)
    return None


class CohortError(StudyError):
    """The user's folder or clinical table is not what the study needs.

    Attributes:
        everything: the message in full, where the one that is shown names only the first of many problems.
    """

    def __init__(self, message: str, *, everything: str = "") -> None:
        super().__init__(message)
        self.everything = everything or message


class LeakError(StudyError):
    """A patient, or pixels, on both sides of a wall that must be tight."""


class ParameterError(StudyError):
    """A parameter is unknown, of the wrong type or out of range."""


class MissingInputError(StudyError):
    """A part of the study begins with results that no run has stored yet."""


class MemoryShortageError(StudyError):
    """What is to be computed does not fit into the memory of this machine, its control group or its card."""


class WeightsError(StudyError):
    """Pretrained weights were asked for and are not to be had."""


class StatisticsError(StudyError, ValueError):
    """Input on which a statistic is not defined."""


class ConsistencyError(StudyError):
    """A table that contradicts itself or another one."""


class TrackingError(StudyError):
    """The store of runs and metrics does not take what it is given."""


class WorkerError(StudyError):
    """A process that computed a part of the run is no more."""


class BusyError(StudyError):
    """Another run is at work on the same results."""
