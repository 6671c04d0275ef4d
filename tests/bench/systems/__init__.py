"""Two small systems for benchmarks and engine tests: a store that sends whole orders, an ERP that takes JSON."""
