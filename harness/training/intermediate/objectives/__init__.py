"""What a task of a training minimises: one module an objective, listed in the registry."""
