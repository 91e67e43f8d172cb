from django.apps import AppConfig


class LayersConfig(AppConfig):
    name = "layers"
    verbose_name = "Layers"

    def ready(self) -> None:
        from gis_core.jobs import upkeep
        from layers.archiving import refresh_archives

        upkeep.register(refresh_archives)
