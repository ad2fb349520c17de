-- Spots, affected share and the difference of the cheeks; readings made before have none.
ALTER TABLE readings ADD COLUMN asymmetry REAL;
ALTER TABLE readings ADD COLUMN asymmetry_sd REAL;
ALTER TABLE region_readings ADD COLUMN affected REAL;
ALTER TABLE region_readings ADD COLUMN redder_spots INTEGER;
ALTER TABLE region_readings ADD COLUMN redder_share REAL;
ALTER TABLE region_readings ADD COLUMN darker_spots INTEGER;
ALTER TABLE region_readings ADD COLUMN darker_share REAL;
