"""The declarative layer: declare an endpoint once, bind it to a blocking and to an async client; it knows no API."""
