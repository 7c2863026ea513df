"""How the simulated accelerator works: `simulated_device.py` beside this folder is what checks use."""
