"""`verify`: whether a model file still computes what its network learned."""
