"""Stands for pycuda in processes that a test starts: put this folder and test/ on the PYTHONPATH."""
