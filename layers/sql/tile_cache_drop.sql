DROP TRIGGER tiles_of_changed_layer ON layers_layer;
DROP TRIGGER tiles_of_moved_layer ON layers_layer;
DROP TRIGGER tiles_of_deleted_layer ON layers_layer;
DROP TRIGGER tiles_of_truncated_layers ON layers_layer;
DROP TRIGGER tiles_of_renamed_community ON gis_core_community;
DROP SCHEMA tiles CASCADE;
