"""Commands that make and check model files: export, adopt, verify."""
