"""What the tests share: commands, brokers, cameras, clocks, data sets and models, one module each."""
