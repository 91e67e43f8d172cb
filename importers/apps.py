from django.apps import AppConfig


class ImportersConfig(AppConfig):
    name = "importers"
    verbose_name = "Importers"

    def ready(self) -> None:
        from gis_core.jobs import upkeep
        from importers.upkeep import tidy

        upkeep.register(tidy)
