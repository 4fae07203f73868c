"""From a configuration to a bundle: the steps in their order. Each resumes where it stopped."""
