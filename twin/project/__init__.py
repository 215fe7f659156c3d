"""The project file: one GeoPackage with layers, journal and fingerprints."""
