"""Installs, builds, starts and stops what Toolgate's demo and tests need, one module per job."""
