from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"

    def ready(self):
        # Every process binds `shared_task` to our Celery application. Not in `marketplace/__init__.py`: the launcher
        # lives below it and runs without Celery.
        from marketplace import celery  # noqa: F401
