"""Process data of a plant: time series of flows and inventories become closed balances."""
