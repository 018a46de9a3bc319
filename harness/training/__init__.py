"""Train encoders: the heads of targets, and intermediate tasks."""
