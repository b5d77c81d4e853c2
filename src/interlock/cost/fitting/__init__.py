"""Fitting the coefficients of calibrated operator times to measurements; needs the extra `calibrate`."""
