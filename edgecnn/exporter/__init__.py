"""On the workstation: from a trained CNN to model files that passed the gate."""
