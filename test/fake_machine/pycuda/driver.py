"""The fake GPU's driver in the place of this module; integrated, so that memory may be copied and mapped."""

import sys

from fake_gpu import FakeDriver

sys.modules[__name__] = FakeDriver(integrated=True)  # type: ignore[assignment]
