"""Statistics of counts: thresholds, sequential tests, limits of detection, tests of instruments."""
