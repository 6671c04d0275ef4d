"""An ERP that takes one JSON POST per order; its server is ``tests.bench.erp_server``."""
