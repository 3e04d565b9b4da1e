"""What the tests of all plugins share."""

from tests.support.examples import load_profile
from tests.support.kept_schedules import schedules_are_kept as schedules_are_kept

load_profile()
