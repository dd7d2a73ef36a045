"""What every analysis uses: output folders, the terminal, parallel runs, plotting."""
