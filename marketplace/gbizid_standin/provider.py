"""What makes django-oauth-toolkit answer the way GビズID does."""

import json
import time
import uuid

from jwcrypto import jwt
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.utils import jwk_from_pem

from .presets import accounts, claims


class GbizIdValidator(OAuth2Validator):
    def _authenticate_request_body(self, request):
        return False  # client_secret_basic is the only way

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type == "authorization_code" and super().validate_grant_type(
            client_id, grant_type, client, request, *args, **kwargs
        )

    def get_oidc_claims(self, token, token_handler, request):
        """An ID token carries no personal data: whoever needs more asks UserInfo."""
        return {"sub": request.user.username}

    def get_userinfo_claims(self, request):
        account = accounts()[request.user.username]
        return claims(account, scopes=request.scopes, client_id=request.client.client_id)

    def get_discovery_claims(self, request):
        return ["sub", "account_type", "corp_type", "corporate_number", "name", "mandate_info", "email"]


def signed_access_token(request, refresh_token=False):
    """GビズID's access token is a signed JWT without the scope; clients are to treat it as opaque."""
    key = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    now = int(time.time())
    token = jwt.JWT(
        header={"typ": "JWT", "alg": "RS256", "kid": key.thumbprint()},
        claims=json.dumps(
            {
                "sub": request.user.username,
                "azp": request.client.client_id,
                "iss": oauth2_settings.OIDC_ISS_ENDPOINT,
                "iat": now,
                "exp": now + oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS,
                "jti": str(uuid.uuid4()),
            }
        ),
    )
    token.make_signed_token(key)
    return token.serialize()
