"""All doors of the house with those of the demo, as `config.urls` opens them for trying."""

from config import demo_urls, urls

urlpatterns = [*urls.urlpatterns, *demo_urls.urlpatterns]
