"""What a model can run on."""
