"""What a broken rule raises, and the errors of the driver."""


class RuleBroken(BaseException):  # not an Exception: code that lives on after every failure must not swallow it
    """What the code under test did would crash, leak or race on a real GPU."""


class DriverError(Exception):
    """pycuda.driver.Error."""


class DriverMemoryError(DriverError):
    """pycuda.driver.MemoryError."""
