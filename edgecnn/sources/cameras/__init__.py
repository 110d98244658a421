"""The cameras of this machine: listing and settings."""
