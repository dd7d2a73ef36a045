"""How estimators do on simulated data: power, recovery, calibration, the dynamic study."""
