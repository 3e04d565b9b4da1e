"""Replays Programs on a simulated chip and takes down what happens."""
