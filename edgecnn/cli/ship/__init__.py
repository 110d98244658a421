"""Commands that make model files: export, adopt, verify."""
