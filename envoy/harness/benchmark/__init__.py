"""`envoy/bench`: what Toolgate costs in a real Envoy, as ratios that one run measured."""
