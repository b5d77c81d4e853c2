"""For all tests: how long an example may take says nothing of what is true."""

from hypothesis import settings

settings.register_profile("interlock", deadline=None)
settings.load_profile("interlock")
