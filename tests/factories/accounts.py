"""The smallest valid people and organisations; traits name roles."""

import factory

from marketplace.accounts.enums import AgencyKind, GbizAccountType, Role
from marketplace.accounts.models import Agency, AgencyDomain, GbizAccount, Membership, User
from tests.factories.companies import CompanyFactory


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"試験 太郎{n}")
    contact_email = factory.Sequence(lambda n: f"person{n}@vendor.example")

    class Params:
        official = factory.Trait(email=factory.Sequence(lambda n: f"official{n}@city.example"), contact_email="")


class AgencyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Agency

    name = factory.Sequence(lambda n: f"青空市{n}")
    name_kana = "アオゾラシ"
    kind = AgencyKind.MUNICIPALITY
    population = 52000
    staff = 480


class AgencyDomainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AgencyDomain

    agency = factory.SubFactory(AgencyFactory)
    domain = factory.Sequence(lambda n: f"city{n}.example")


class MembershipFactory(factory.django.DjangoModelFactory):
    """A vendor administrator by default."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.VENDOR_ADMINISTRATOR
    company = factory.SubFactory(CompanyFactory)

    class Params:
        member = factory.Trait(role=Role.VENDOR_MEMBER)
        buyer = factory.Trait(
            role=Role.BUYER, company=None, agency=factory.SubFactory(AgencyFactory), user__official=True
        )
        officer = factory.Trait(
            role=Role.OFFICER, company=None, agency=factory.SubFactory(AgencyFactory), user__official=True
        )
        evaluator = factory.Trait(
            role=Role.EVALUATOR, company=None, agency=factory.SubFactory(AgencyFactory), user__official=True
        )
        reviewer = factory.Trait(role=Role.REVIEWER, company=None, user__official=True)
        administrator = factory.Trait(role=Role.ADMINISTRATOR, company=None, user__official=True)


class GbizAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = GbizAccount

    user = factory.SubFactory(UserFactory)
    issuer = "https://gbiz-id.example/oauth/"
    subject = factory.Sequence(str)
    account_type = GbizAccountType.PRIME
    corp_type = "1"
    corporate_number = "7000012050002"


def vendor(*, company=None, account_type=GbizAccountType.PRIME, has_mandate=True, role=Role.VENDOR_ADMINISTRATOR):
    """A vendor's person who signed in through GビズID and may (by default) submit and bid for ``company``."""
    company = company or CompanyFactory()
    user = MembershipFactory(company=company, role=role).user
    GbizAccountFactory(
        user=user, account_type=account_type, has_mandate=has_mandate, corporate_number=company.corporate_number
    )
    return user
