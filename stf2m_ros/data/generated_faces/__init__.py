"""Talking faces drawn from action units: the data set that the project carries within itself."""
