"""Settings of the property tests: no deadline, for the machine may be busy; the same examples on every run."""

from hypothesis import settings

settings.register_profile("balance", deadline=None, derandomize=True)
settings.load_profile("balance")
