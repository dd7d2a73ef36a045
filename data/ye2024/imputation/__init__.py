"""Multiple imputation of the official series: completed data sets with the errors of what fills."""
