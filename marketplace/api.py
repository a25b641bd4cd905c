"""What the rooms' APIs share."""

from rest_framework import serializers


class FaultSerializer(serializers.Serializer):
    """Why a request was not answered."""

    detail = serializers.CharField()
