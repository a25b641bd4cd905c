"""Pages of the catalogue: ``public`` for everybody, ``vendor`` for those who list, ``review`` for the operator."""
