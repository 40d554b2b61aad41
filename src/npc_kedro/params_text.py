"""Whether ``--params`` brings a value as it was typed: Kedro reads each as YAML, and parts them at commas."""

import re

import yaml

ELSEWHERE = (
    "set the environment variable NPC_COHORT_ROOT for the cohort's folder, or write the value in quotes in conf/local "
    "(globals.yml, parameters.yml)"
)
"""Where such a value can be given."""

_MEANT_AS_YAML = ("{", "[", '"', "'")


def fault_in_params(written: str) -> str:
    """Why what was typed does not arrive as it stands, and what to do; empty if it does. No value is shown.

    Args:
        written: what stands behind ``--params``.
    """
    name = ""
    for item in written.split(","):
        key, equals, text = item.partition("=")
        if not equals and name:
            return f"--params {name}: a comma ends the value, whatever it stands in; {ELSEWHERE}"
        name = key.strip()
        if not _arrives(text.strip()):
            return (
                f"--params {name}: values are read as YAML: # after a blank begins a remark, and a colon before "
                f"a blank parts a key from its value; yours would not arrive as it stands; {ELSEWHERE}"
            )
    return ""


def _arrives(text: str) -> bool:
    if text.startswith(_MEANT_AS_YAML):
        return True
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    lost = read is None and text.casefold() not in ("", "~", "null")
    changed = isinstance(read, dict) or (isinstance(read, str) and read != text)
    return not (lost or changed or re.search(r"(^|\s)#", text))
