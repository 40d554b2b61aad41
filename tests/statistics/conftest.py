"""Property tests here time nothing: on a busy machine a deadline would fail them for the machine's sake."""

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
