"""Our speed beside other tools', measured in one run on one core and told as ratios (`python -m benchmarks`)."""
