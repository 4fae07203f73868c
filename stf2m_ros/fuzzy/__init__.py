"""The fuzzy expert system: facial components to emotions and intensities, in numpy."""
