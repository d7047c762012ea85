"""Where long work runs: this process, processes beside it, or a Dask cluster; and its seeds."""
