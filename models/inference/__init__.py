"""Posterior computation: collapsed densities, transforms and the independence sampler."""
