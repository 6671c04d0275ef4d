"""The steps of a flow, one file each: ``run(state, step)`` goes on or raises a Stop or a ConnectorError."""
