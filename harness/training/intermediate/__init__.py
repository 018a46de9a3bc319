"""Intermediate-task training (STILTs): train an encoder on a task, drop the head, keep the encoder."""
