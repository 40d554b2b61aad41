"""The statistics load without the heavy libraries, which a page of numbers does not need."""

import subprocess
import sys

HEAVY = ("torch", "pydicom", "kedro", "mlflow", "matplotlib", "plotly", "statsmodels", "timm", "pandas")


def test_importing_all_of_statistics_leaves_the_heavy_libraries_out():
    code = (
        "import importlib, pkgutil, sys, npc_kedro.statistics as package\n"
        "modules = [m.name for m in pkgutil.iter_modules(package.__path__, 'npc_kedro.statistics.')]\n"
        "assert len(modules) > 8, modules\n"
        "[importlib.import_module(m) for m in modules]\n"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
