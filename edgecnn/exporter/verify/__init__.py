"""`verify`: whether a model file still does what was learned."""
