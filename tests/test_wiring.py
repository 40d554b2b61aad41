"""A function with fixed arguments keeps its name on the way to a worker."""

import pickle
from multiprocessing.reduction import ForkingPickler

from npc_kedro.study import training_name
from npc_kedro.wiring import with_fixed


def test_name_and_arguments_reach_a_worker():
    sent = with_fixed(training_name, arm="a")
    received = pickle.loads(bytes(ForkingPickler.dumps(sent)))
    assert received.__name__ == "training_name"
    assert received.keywords == {"arm": "a"}
